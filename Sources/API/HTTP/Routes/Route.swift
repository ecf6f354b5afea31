import HTTPTypes
import HummingbirdCore
import Jobs
import JSON
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
  }

  let method: HTTPRequest.Method
  /// Such as `/v2/models/{model}/infer`.
  let path: String
  let description: RouteDescription
  let work: Work
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

  /// The values in the query, by name.
  ///
  /// - Throws: ``Problem`` for a name that is not known, or given twice.
  func query(_ known: String...) throws -> [String: String] {
    guard let path = head.path, path.utf8.contains(UInt8(ascii: "?")) else { return [:] }
    var values: [String: String] = [:]
    for (key, value) in URI(path).queryParameters {
      let name = String(key.prefix(40))
      guard known.contains(String(key)) else {
        throw Problem.badRequest(
          "unknown_parameter",
          "unknown parameter \(name.jsonQuoted); there are \(known.joined(separator: ", "))",
          field: name)
      }
      guard values.updateValue(String(value), forKey: name) == nil else {
        throw Problem.badRequest(
          "invalid_parameter", "the parameter \(name) is given twice", field: name)
      }
    }
    return values
  }
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
