import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Around every request: gives it an id, turns errors into ``Problem``s and records it.
struct RequestObserver<Context: RequestContext>: RouterMiddleware {
  let recorder: RequestRecorder

  func handle(
    _ request: Request, context: Context,
    next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    let id = request.head.acceptableID ?? context.id
    var response: Response
    var failure: (any Error)?
    do {
      response = try await next(request, context)
    } catch {
      let problem = Problem(error)
      if problem.status.code >= 500 { failure = error }
      let form = request.head.errorForm
      response = Response(
        status: problem.status, headers: form.headers(problem),
        body: .init(byteBuffer: form.body(problem, requestID: id)))
    }
    response.headers[.requestID] = id
    recorder.record(
      request.head, id: id, route: context.endpointPath ?? "none", status: response.status,
      since: start, failure: failure)
    return response
  }
}

extension HTTPRequest {
  /// The client's own id for the request, if it is one that can stand in a header and a log line.
  var acceptableID: String? {
    guard let id = headerFields.value(of: .requestID), id.isRequestID else { return nil }
    return id
  }
}

extension String {
  /// Whether it can stand in a header and a log line.
  var isRequestID: Bool {
    (1...128).contains(utf8.count) && utf8.allSatisfy { 0x21...0x7E ~= $0 }
  }
}
