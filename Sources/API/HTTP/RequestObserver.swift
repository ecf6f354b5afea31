import CoreMetrics
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import Serving
import Synchronization

/// Around every request: gives it an id, turns errors into ``Problem``s, counts, times and logs it.
///
/// - `coppice_http_requests_total{route,method,status}`
/// - `coppice_http_request_duration_seconds{route}`
struct RequestObserver<Context: RequestContext>: RouterMiddleware {
  private let meters: RequestMeters
  private let logger: Logger

  init(metrics: any MetricsFactory, logger: Logger) {
    self.meters = RequestMeters(factory: metrics)
    self.logger = logger
  }

  func handle(
    _ request: Request, context: Context,
    next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    let id = Self.acceptable(request.headers[.requestID]) ?? context.id
    var response: Response
    var failure: (any Error)?
    do {
      response = try await next(request, context)
    } catch {
      let problem = Problem(error)
      if problem.status.code >= 500 { failure = error }
      response = problem.response(requestID: id)
    }
    response.headers[.requestID] = id
    let duration = ContinuousClock.now - start
    let route = context.endpointPath ?? "none"
    meters.record(
      route: route, method: request.method, status: response.status.code, duration: duration)
    log(request, id: id, status: response.status.code, duration: duration, failure: failure)
    return response
  }

  private func log(
    _ request: Request, id: String, status: Int, duration: Duration, failure: (any Error)?
  ) {
    guard logger.logLevel <= (failure == nil ? .info : .error) else { return }
    logger.log(
      level: failure == nil ? .info : .error, "request", error: failure,
      metadata: [
        "request_id": "\(id)", "method": "\(request.method.rawValue)",
        "path": "\(request.uri.path)", "status": "\(status)",
        "duration_us": "\(duration.nanoseconds / 1000)",
      ])
  }

  /// A client's own id, if it is one that can stand in a header and a log line.
  private static func acceptable(_ id: String?) -> String? {
    guard let id, (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else { return nil }
    return id
  }
}

/// The metrics of requests, made once for each route, method and status.
private final class RequestMeters: Sendable {
  private struct Key: Hashable {
    let route: String
    let method: HTTPRequest.Method
    let status: Int
  }

  private struct Meters {
    let count: Counter
    let duration: Timer
  }

  private let factory: any MetricsFactory
  private let meters = Mutex<[Key: Meters]>([:])

  init(factory: any MetricsFactory) {
    self.factory = factory
  }

  func record(route: String, method: HTTPRequest.Method, status: Int, duration: Duration) {
    let key = Key(route: route, method: Self.known(method), status: status)
    let meters = meters.withLock { all in
      if let meters = all[key] { return meters }
      let dimensions = [
        ("route", route), ("method", key.method.rawValue), ("status", String(status)),
      ]
      let meters = Meters(
        count: Counter(
          label: "coppice_http_requests_total", dimensions: dimensions, factory: factory),
        duration: Timer(
          label: "coppice_http_request_duration_seconds", dimensions: [("route", route)],
          factory: factory))
      all[key] = meters
      return meters
    }
    meters.count.increment()
    meters.duration.recordNanoseconds(duration.nanoseconds)
  }

  /// A method of a client's own making must not make a metric of its own.
  private static func known(_ method: HTTPRequest.Method) -> HTTPRequest.Method {
    let all: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]
    return all.contains(method) ? method : .init("OTHER")!
  }
}
