import ArgumentParser
import Logging
import ServiceLifecycle
import UnixSignals

extension ParsableCommand {
  /// Runs services until the process is told to stop (SIGTERM, SIGINT), in this order, and stops
  /// them in the reverse one.
  func run(_ services: [any Service], logger: Logger) async throws {
    let group = ServiceGroup(
      configuration: .init(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
    logger.info("stopped")
  }
}

/// What each metric counts, for `/metrics`.
let metricHelps = [
  "coppice_http_requests_total": "HTTP requests answered.",
  "coppice_http_request_duration_seconds": "Time from the first byte of a request to its answer.",
  "coppice_predicted_rows_total": "Rows that were predicted.",
  "coppice_prediction_duration_seconds": "Time of a prediction, with the queue if there is one.",
  "coppice_prediction_failures_total": "Prediction requests that failed.",
  "coppice_jobs_enqueued_total": "Jobs that the queue accepted.",
]
