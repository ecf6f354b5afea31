import ServiceLifecycle
import Serving
import UnixSignals

/// Lets SIGHUP look at the repository again, as daemons do.
struct HangUpReload: Service {
  let manager: ModelManager

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      await manager.reload()
    }
  }
}
