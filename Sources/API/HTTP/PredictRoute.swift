import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Serving

/// `POST /api/predict`: rows of JSON in, class names and numbers out.
///
/// `?model=` and `?version=` choose the model, `?probabilities=true` asks for them, and
/// `Prefer: wait=5` (RFC 7240) bounds the time, in seconds.
struct PredictRoute {
  static let path = "/api/predict"

  let catalog: ModelCatalog
  let predictor: any Predicting
  let timeout: Duration
  let maximumBodySize: Int
  /// Where requests with `Prefer: respond-async` go; nil for a server that has no jobs.
  var jobs: JobRoutes?

  /// Adds the route to Hummingbird's router; ``DirectPredictHandler`` answers most calls before it.
  func add(to router: Router<some RequestContext>) {
    router.only(.post, RouterPath(Self.path)) { request, _ in
      if let jobs, request.head.prefersAsync { return try await jobs.respond(request) }
      let call = try begin(request.head)
      let (prediction, answer) = try call.decode(
        await request.collectBody(upTo: maximumBodySize))
      let body = answer.encode(try await predictor.predict(prediction))
      return Response(status: .ok, headers: call.headers, body: .init(byteBuffer: body))
    }
  }

  /// Reads the head of a call.
  func begin(_ head: HTTPRequest) throws -> PredictCall {
    try PredictCall(head, catalog: catalog, timeout: timeout)
  }
}
