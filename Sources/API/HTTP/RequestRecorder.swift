import CoreMetrics
import HTTPTypes
import Logging
import Serving
import Synchronization

/// Counts, times and logs each request that was answered.
///
/// - `coppice_http_requests_total{route,method,status}`
/// - `coppice_http_request_duration_seconds{route}`
final class RequestRecorder: Sendable {
  private struct Key: Hashable {
    let route: String
    let method: HTTPRequest.Method
    let status: Int
  }

  private struct Meters {
    let count: Counter
    let duration: Timer
  }

  /// Asked every few seconds by machines: in the log they would bury the requests of people.
  private static let probes: Set = ["/healthz", "/readyz", "/metrics"]

  private let factory: any MetricsFactory
  private let logger: Logger
  private let meters = Mutex<[Key: Meters]>([:])

  init(metrics factory: any MetricsFactory, logger: Logger) {
    self.factory = factory
    self.logger = logger
  }

  /// Records one request.
  ///
  /// - Parameters:
  ///   - route: the path as it was registered, so that there are only a few.
  ///   - failure: what stands behind a status from 500 on.
  func record(
    _ request: HTTPRequest, id: String, route: String, status: HTTPResponse.Status,
    since start: ContinuousClock.Instant, failure: (any Error)? = nil
  ) {
    let duration = ContinuousClock.now - start
    let meters = meters(
      for: Key(route: route, method: Self.known(request.method), status: status.code))
    meters.count.increment()
    meters.duration.recordNanoseconds(duration.nanoseconds)

    let isProbe = Self.probes.contains(route) && status.kind == .successful
    let level: Logger.Level = failure != nil ? .error : isProbe ? .debug : .info
    guard logger.logLevel <= level else { return }
    logger.log(
      level: level, "request", error: failure,
      metadata: [
        "request_id": .string(id), "method": .string(request.method.rawValue),
        "path": .string(request.pathWithoutQuery), "status": .string(String(status.code)),
        "duration_us": .string(String(duration.nanoseconds / 1000)),
      ])
  }

  private func meters(for key: Key) -> Meters {
    meters.withLock { all in
      if let meters = all[key] { return meters }
      let dimensions = [
        ("route", key.route), ("method", key.method.rawValue), ("status", String(key.status)),
      ]
      let meters = Meters(
        count: Counter(
          label: "coppice_http_requests_total", dimensions: dimensions, factory: factory),
        duration: Timer(
          label: "coppice_http_request_duration_seconds", dimensions: [("route", key.route)],
          factory: factory))
      all[key] = meters
      return meters
    }
  }

  /// A method of a client's own making must not make a metric of its own.
  private static func known(_ method: HTTPRequest.Method) -> HTTPRequest.Method {
    methods.contains(method) ? method : .init("OTHER")!
  }

  private static let methods: [HTTPRequest.Method] = [
    .post, .get, .head, .put, .delete, .patch, .options,
  ]
}

extension HTTPRequest {
  fileprivate var pathWithoutQuery: String {
    guard let path, let end = path.utf8.firstIndex(of: UInt8(ascii: "?")) else { return path ?? "" }
    return String(path[..<end])
  }
}
