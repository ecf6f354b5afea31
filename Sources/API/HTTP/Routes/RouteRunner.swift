import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import Serving

/// Answers requests for routes, the same way from Hummingbird's router and from the handler in
/// front of it.
struct RouteRunner: Sendable {
  let predictor: (any Predicting)?
  let maximumBodySize: Int

  /// A request for a route, with its body uncompressed.
  func call(
    _ head: HTTPRequest, _ body: ByteBuffer, parameters: [String: String], requestID: String
  ) throws -> RouteCall {
    guard body.readableBytes <= maximumBodySize else {
      throw Problem.tooLarge(limit: maximumBodySize)
    }
    return RouteCall(
      head: head, parameters: parameters,
      body: try ContentCoding.decoded(body, head, limit: maximumBodySize), requestID: requestID)
  }

  /// Adds a route to Hummingbird's router.
  func add(_ route: Route, to router: Router<some RequestContext>) {
    router.only(route.method, RouterPath(route.path)) { request, context in
      if let deferred = route.deferred, request.head.prefersAsync {
        return try await deferred(request)
      }
      let body =
        route.description.request.isEmpty
        ? ByteBuffer() : try await request.collectBody(upTo: maximumBodySize)
      var parameters: [String: String] = [:]
      for (name, value) in context.parameters { parameters[String(name)] = String(value) }
      let call = try call(
        request.head, body, parameters: parameters,
        requestID: request.head.acceptableID ?? context.id)
      let answer: RouteAnswer
      switch route.work {
      case .other(let work): answer = try await work(call)
      case .prediction(let begin):
        let pending = try begin(call)
        guard let predictor else { throw Problem.notReady }
        answer = try pending.answer(await predictor.predict(pending.request))
      }
      return Response(Self.finish(answer, call.head))
    }
  }

  /// The answer as it goes out: compressed if the client wants it so.
  static func finish(_ answer: RouteAnswer, _ head: HTTPRequest) -> RouteAnswer {
    var answer = ContentCoding.encoded(answer, head)
    if let wait = try? head.preferredWait { answer.headers[.preferenceApplied] = "wait=\(wait)" }
    return answer
  }
}

extension Response {
  init(_ answer: RouteAnswer) {
    self.init(
      status: answer.status, headers: answer.headers, body: .init(byteBuffer: answer.body))
  }
}

extension RouteCall {
  /// The model for the rows of this request.
  ///
  /// - Parameters:
  ///   - name: nil for the only model.
  ///   - version: nil for the one that answers.
  func model(
    _ service: InferenceService, named name: String? = nil, version: String? = nil
  ) throws -> Model {
    try service.catalog.model(named: name, version: version)
  }

  /// When the client stops waiting: `Prefer: wait=`, otherwise after this time.
  func deadline(_ timeout: Duration) throws -> Deadline {
    .after(try head.preferredWait.map { .seconds($0) } ?? timeout)
  }
}
