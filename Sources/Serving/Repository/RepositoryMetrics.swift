import CoreMetrics

/// What the manager counts.
///
/// - `coppice_model_loads_total{model}`: versions that were loaded.
/// - `coppice_model_load_failures_total{model,reason}`: versions that were refused: `unreadable`,
///   `manifest`, `examples`, `folder` or `trial`.
/// - `coppice_model_load_duration_seconds`: time to read, time and check a version.
/// - `coppice_model_versions_refused{model}`: versions that lie in the repository and cannot be
///   loaded as they are now.
/// - `coppice_model_versions_gone{model}`: versions that are served from memory, because their folder
///   is gone.
/// - `coppice_rollbacks_total{model,reason}`: canaries that were taken out: `errors`, `latency` or
///   `scores`.
struct RepositoryMetrics: Sendable {
  private let factory: any MetricsFactory
  private let duration: Timer

  init(_ factory: any MetricsFactory) {
    self.factory = factory
    duration = Timer(label: "coppice_model_load_duration_seconds", factory: factory)
  }

  func loaded(_ id: ModelID, in time: Duration) {
    duration.recordNanoseconds(time.nanoseconds)
    Counter(
      label: "coppice_model_loads_total", dimensions: [("model", id.name)], factory: factory
    ).increment()
  }

  func refused(_ id: ModelID, _ kind: ModelLoadError.Kind) {
    Counter(
      label: "coppice_model_load_failures_total",
      dimensions: [("model", id.name), ("reason", kind.rawValue)], factory: factory
    ).increment()
  }

  func rolledBack(_ id: ModelID, _ kind: CanaryJudge.Verdict.Kind) {
    Counter(
      label: "coppice_rollbacks_total",
      dimensions: [("model", id.name), ("reason", kind.rawValue)], factory: factory
    ).increment()
  }

  func failures(of model: String, _ count: Int) {
    Gauge(
      label: "coppice_model_versions_refused", dimensions: [("model", model)], factory: factory
    ).record(count)
  }

  func gone(of model: String, _ count: Int) {
    Gauge(
      label: "coppice_model_versions_gone", dimensions: [("model", model)], factory: factory
    ).record(count)
  }
}
