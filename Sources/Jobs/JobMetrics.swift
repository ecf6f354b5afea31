import CoreMetrics

/// What the queue counts.
///
/// - `coppice_jobs_enqueued_total`: jobs that this process handed in.
/// - `coppice_jobs_refused_total{reason}`: jobs that it could not hand in.
/// - `coppice_jobs_taken_total`: jobs that this worker took, taken over ones included.
/// - `coppice_jobs_taken_over_total`: jobs that another worker, or a lost connection, left behind.
/// - `coppice_jobs_completed_total{outcome}`: outcomes that this worker committed.
/// - `coppice_jobs_duplicate_total`: outcomes that were refused, because the job had one.
/// - `coppice_jobs_dead_total`: jobs that this worker set aside.
/// - `coppice_job_wait_seconds`: time from being handed in to being taken.
/// - `coppice_queue_waiting`, `coppice_queue_running`, `coppice_queue_depth` (both): jobs of all
///   processes, measured every few seconds.
/// - `coppice_queue_oldest_seconds`: the age of the oldest unfinished job.
struct JobMetrics: Sendable {
  let enqueued: Counter
  let taken: Counter
  let takenOver: Counter
  let duplicate: Counter
  let dead: Counter
  let wait: Timer
  private let completed: [String: Counter]
  private let refused: [String: Counter]
  private let waiting: Gauge
  private let running: Gauge
  private let depth: Gauge
  private let oldest: Gauge

  init(_ factory: any MetricsFactory) {
    func counter(_ name: String, _ dimensions: [(String, String)] = []) -> Counter {
      Counter(label: "coppice_" + name + "_total", dimensions: dimensions, factory: factory)
    }
    func counters(_ name: String, _ label: String, _ values: [String]) -> [String: Counter] {
      Dictionary(uniqueKeysWithValues: values.map { ($0, counter(name, [(label, $0)])) })
    }
    enqueued = counter("jobs_enqueued")
    taken = counter("jobs_taken")
    takenOver = counter("jobs_taken_over")
    duplicate = counter("jobs_duplicate")
    dead = counter("jobs_dead")
    completed = counters(
      "jobs_completed", "outcome", JobState.allCases.filter(\.isFinal).map(\.rawValue))
    let reasons: [JobError.Code] = [.full, .tooLarge, .unavailable]
    refused = counters("jobs_refused", "reason", reasons.map(\.rawValue))
    wait = Timer(label: "coppice_job_wait_seconds", factory: factory)
    waiting = Gauge(label: "coppice_queue_waiting", factory: factory)
    running = Gauge(label: "coppice_queue_running", factory: factory)
    depth = Gauge(label: "coppice_queue_depth", factory: factory)
    oldest = Gauge(label: "coppice_queue_oldest_seconds", factory: factory)
  }

  func completed(_ outcome: JobOutcome) { completed[outcome.state.rawValue]?.increment() }

  func refused(_ code: JobError.Code) { refused[code.rawValue]?.increment() }

  func record(_ queue: QueueDepth) {
    waiting.record(queue.waiting)
    running.record(queue.running)
    depth.record(queue.waiting + queue.running)
    oldest.record(Double(queue.oldest.milliseconds) / 1000)
  }
}
