import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import Serving

/// Answers requests for routes, the same way from Hummingbird's router and from the handler in
/// front of it.
struct RouteRunner: Sendable {
  let service: InferenceService?
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

  /// Adds routes to Hummingbird's router; at their paths every other method gets 405 and an `Allow`
  /// header.
  func add(_ routes: [Route], to router: Router<some RequestContext>) {
    let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]
    for (path, routes) in routes.byPath {
      for route in routes { add(route, to: router) }
      let allowed = routes.map(\.method.rawValue).sorted().joined(separator: ", ")
      for method in methods where !routes.contains(where: { $0.method == method }) {
        router.on(RouterPath(path), method: method) { request, _ -> Response in
          throw Problem(
            status: .methodNotAllowed, code: "method_not_allowed",
            detail: "\(request.uri.path) takes \(allowed), not \(method.rawValue)",
            headers: [.allow: allowed])
        }
      }
    }
  }

  private func add(_ route: Route, to router: Router<some RequestContext>) {
    router.on(RouterPath(route.path), method: route.method) { request, context in
      var parameters: [String: String] = [:]
      for (name, value) in context.parameters { parameters[String(name)] = String(value) }
      if let deferred = route.deferred, request.head.prefersAsync {
        return try await deferred(request, parameters)
      }
      let answer: RouteAnswer
      switch route.work {
      case .stream(let work):
        return try await work(request, parameters)
      case .other(let work):
        answer = try await work(whole(request, route, parameters, context.id))
      case .prediction(let begin):
        guard let service else { throw Problem.notReady }
        let pending = try self.begin(
          begin, await whole(request, route, parameters, context.id))
        answer = try pending.answer(await service.predictor.predict(pending.request))
      }
      return Response(Self.finish(answer, request.head))
    }
  }

  /// Begins a prediction, whose decoding and encoding are timed.
  func begin(
    _ begin: (RouteCall) throws -> PendingPrediction, _ call: RouteCall
  ) throws -> PendingPrediction {
    let start = ContinuousClock.now
    let pending = try begin(call)
    guard let statistics = service?.statistics else { return pending }
    let input = ContinuousClock.now - start
    return PendingPrediction(request: pending.request) { prediction in
      let start = ContinuousClock.now
      let answer = try pending.answer(prediction)
      statistics.record(pending.request.model, input: input, output: .now - start)
      return answer
    }
  }

  /// The call, once its body has come.
  private func whole(
    _ request: Request, _ route: Route, _ parameters: [String: String], _ id: String
  ) async throws -> RouteCall {
    let body =
      route.description.request.isEmpty
      ? ByteBuffer() : try await request.collectBody(upTo: maximumBodySize)
    return try call(
      request.head, body, parameters: parameters, requestID: request.head.acceptableID ?? id)
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
    try service.catalog.model(named: name, version: version, header: head.value(ofHeader:))
  }

  /// When the client stops waiting: `Prefer: wait=`, otherwise after this time.
  func deadline(_ timeout: Duration) throws -> Deadline {
    .after(try head.preferredWait.map { .seconds($0) } ?? timeout)
  }
}
