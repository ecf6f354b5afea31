import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import Serving

/// One method at one path: what answers it, and all that its description tells.
///
/// Routing, `/openapi.json` and the readable page are made of the same routes.
struct Route: Sendable {
  /// What answers.
  enum Work: Sendable {
    /// Rows for the predictor; the answer is made of what it says.
    case prediction(@Sendable (RouteCall) throws -> PendingPrediction)
    /// Anything else.
    case other(@Sendable (RouteCall) async throws -> RouteAnswer)
    /// A body or an answer that is never in memory as a whole.
    case stream(@Sendable (Request, _ parameters: [String: String]) async throws -> Response)
  }

  let method: HTTPRequest.Method
  /// Such as `/v2/models/{model}/infer`.
  let path: String
  var description: RouteDescription
  let work: Work
  /// What answers instead where the client would rather not wait (`Prefer: respond-async`).
  var deferred: (@Sendable (Request, _ parameters: [String: String]) async throws -> Response)?
}

/// A request for a route.
struct RouteCall: Sendable {
  let head: HTTPRequest
  /// What stands at the places in braces, by name.
  let parameters: [String: String]
  /// The whole body, uncompressed.
  let body: ByteBuffer
  /// The request's id in answers and in the log.
  let requestID: String
}

/// What a route asks of the predictor, and how it answers then.
struct PendingPrediction: Sendable {
  let request: PredictionRequest
  let answer: @Sendable (Prediction) throws -> RouteAnswer
}

/// What a route answers.
struct RouteAnswer: Sendable {
  var status = HTTPResponse.Status.ok
  var headers: HTTPFields
  var body: ByteBuffer

  init(status: HTTPResponse.Status = .ok, type: String = "application/json", _ body: ByteBuffer) {
    self.status = status
    self.headers = [.contentType: type]
    self.body = body
  }

  init(type: String = "application/json", _ text: String) {
    self.init(type: type, ByteBuffer(string: text))
  }
}

extension [Route] {
  /// The routes of each path, the paths in the order in which they come first.
  var byPath: [(path: String, routes: [Route])] {
    var paths: [(path: String, routes: [Route])] = []
    var positions: [String: Int] = [:]
    for route in self {
      if let position = positions[route.path] {
        paths[position].routes.append(route)
      } else {
        positions[route.path] = paths.count
        paths.append((route.path, [route]))
      }
    }
    return paths
  }
}
