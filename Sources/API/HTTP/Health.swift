import HTTPTypes
import JSON
import Serving
import Synchronization
import Telemetry

/// Whether the server should get requests.
final class Health: Sendable {
  private let isStopped = Atomic(false)
  private let obstacle: @Sendable () async -> String?

  /// - Parameter obstacle: a reason why predictions would fail now, or nil.
  init(obstacle: @escaping @Sendable () async -> String?) {
    self.obstacle = obstacle
  }

  /// From now on the server is not ready.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Whether the server finishes what is under way, and nothing else.
  var isStopping: Bool { isStopped.load(ordering: .relaxed) }

  /// Why the server should get no requests, or nil.
  func reasonNotReady() async -> String? {
    isStopping ? "the server is stopping" : await obstacle()
  }
}

/// `GET /healthz`: the process lives. `GET /readyz`: it should get requests. `GET /metrics`.
struct OperationsRoutes {
  let health: Health
  let catalog: ModelCatalog
  let metrics: PrometheusRegistry

  var routes: [Route] {
    [
      Route(
        method: .get, path: "/healthz",
        description: .init(
          group: .operations, summary: "Whether the process lives",
          answer: [("application/json", .named("Status"))]),
        work: .other { _ in RouteAnswer("{\"status\":\"ok\"}") }),
      Route(
        method: .get, path: "/readyz",
        description: .init(
          group: .operations, summary: "Whether it should get requests, and with which models",
          answer: [("application/json", .named("ReadyStatus"))], errors: [.serviceUnavailable]),
        work: .other { [health, catalog] _ in
          if let reason = await health.reasonNotReady() { throw Problem.notReady(reason) }
          let models = catalog.models.map {
            "{\"name\":\($0.id.name.jsonQuoted),\"version\":\($0.id.version.jsonQuoted)}"
          }
          return RouteAnswer("{\"status\":\"ready\",\"models\":[\(models.joined(separator: ","))]}")
        }),
      Route(
        method: .get, path: "/metrics",
        description: .init(
          group: .operations, summary: "Metrics, as Prometheus text",
          answer: [("text/plain", .text)]),
        work: .other { [metrics] _ in
          RouteAnswer(type: "text/plain; version=0.0.4; charset=utf-8", metrics.text())
        }),
    ]
  }
}

extension Problem {
  /// The server should not have got the request now.
  static var notReady: Problem { .notReady("the server or the model is not ready") }

  static func notReady(_ reason: String) -> Problem {
    Problem(status: .serviceUnavailable, code: "not_ready", detail: reason)
  }
}
