import ArgumentParser
import Logging
import ServiceLifecycle
import Telemetry
import UnixSignals

extension ParsableCommand {
  /// Runs services until the process is told to stop (SIGTERM, SIGINT), in this order, and stops
  /// them in the reverse one.
  func run(_ services: [any Service], logger: Logger) async throws {
    let group = ServiceGroup(
      configuration: .init(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    // What is said of an error, after this, goes past the log.
    defer { StandardError.lines.flush() }
    try await group.run()
    logger.info("stopped")
  }
}
