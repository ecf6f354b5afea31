import Hummingbird
import HummingbirdCore
import JSON
import NIOCore
import Serving
import Synchronization

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

/// `GET /healthz`: the process lives. `GET /readyz`: it should get requests.
struct HealthRoutes {
  let health: Health
  let catalog: ModelCatalog

  func add(to router: Router<some RequestContext>) {
    router.only(.get, "/healthz") { _, _ in .json("{\"status\":\"ok\"}") }
    router.only(.get, "/readyz") { [health, catalog] _, _ in
      if let reason = await health.reasonNotReady() {
        throw Problem(status: .serviceUnavailable, code: "not_ready", detail: reason)
      }
      let models = catalog.models.map {
        "{\"name\":\($0.id.name.jsonQuoted),\"version\":\($0.id.version.jsonQuoted)}"
      }
      return .json("{\"status\":\"ready\",\"models\":[\(models.joined(separator: ","))]}")
    }
  }
}

extension Response {
  /// A JSON answer with status 200.
  static func json(_ text: String) -> Response { .json(ByteBuffer(string: text)) }

  /// A JSON answer with status 200.
  static func json(_ body: ByteBuffer) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: body))
  }
}
