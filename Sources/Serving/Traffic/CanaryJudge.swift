/// Compares what versions do with what the baseline does, over their latest requests.
///
/// - Errors: the share of failed requests.
/// - Latency: the median.
/// - Scores: the two-sample Kolmogorov-Smirnov statistic, less what chance alone gives it in one of
///   a thousand samples of these sizes (1.95 times the root of 1/n + 1/m), so that noise never takes
///   a version out.
struct CanaryJudge: Sendable {
  /// What a request came to.
  struct Sample: Sendable {
    var failed = false
    /// Seconds; nil for one that failed.
    var latency: Float?
    /// The first value of its answer; nil without one.
    var score: Float?

    static let failure = Sample(failed: true)
  }

  /// Why a version is out of bounds.
  struct Verdict: Sendable, Equatable {
    enum Kind: String, Sendable { case errors, latency, scores }

    var kind: Kind
    var reason: String
  }

  /// The latest requests of one version.
  private struct Window {
    var samples: [Sample] = []
    var next = 0
    /// Since latencies and scores were looked at.
    var unseen = 0
    var failures = 0
    var isCondemned = false

    mutating func add(_ sample: Sample, limit: Int) {
      if samples.count < limit {
        samples.append(sample)
      } else {
        if samples[next].failed { failures -= 1 }
        samples[next] = sample
        next = next + 1 == limit ? 0 : next + 1
      }
      if sample.failed { failures += 1 }
      unseen += 1
    }

    func isTimeToSort(limit: Int) -> Bool {
      unseen >= max(10, samples.count / (samples.count == limit ? 2 : 4))
    }

    var errorRate: Double { samples.isEmpty ? 0 : Double(failures) / Double(samples.count) }
    var latencies: [Float] { samples.compactMap(\.latency) }
    var scores: [Float] { samples.compactMap(\.score).filter { !$0.isNaN } }
  }

  let bounds: RollbackBounds
  private let versions: [String]
  /// In the order of the versions, the baseline's first.
  private var windows: [Window]

  /// - Parameters:
  ///   - baseline: what the others are compared with.
  ///   - canaries: the versions that are judged; requests of any other do not count.
  init(bounds: RollbackBounds, baseline: String, canaries: [String]) {
    self.bounds = bounds
    versions = [baseline] + canaries
    windows = versions.map { _ in Window() }
  }

  private var baseline: String { versions[0] }

  /// Takes in a request, and says once of a version that it is out of bounds.
  mutating func record(_ version: String, _ sample: Sample) -> Verdict? {
    // A handful: to look at each takes less time than to hash one.
    guard let index = versions.firstIndex(of: version) else { return nil }
    windows[index].add(sample, limit: bounds.window)
    guard index > 0, !windows[index].isCondemned,
      windows[index].samples.count >= bounds.minimumRequests
    else { return nil }
    // Errors are counted as they come. What must be sorted is looked at when a fourth more is known,
    // or half of a full window is new, so that a request pays for a few comparisons only.
    let isTime = windows[index].isTimeToSort(limit: bounds.window)
    if isTime { windows[index].unseen = 0 }
    let (canary, base) = (windows[index], windows[0])
    let verdict =
      errors(canary, base) ?? (isTime ? latency(canary, base) ?? scores(canary, base) : nil)
    if verdict != nil { windows[index].isCondemned = true }
    return verdict
  }

  private func errors(_ canary: Window, _ base: Window) -> Verdict? {
    guard let bound = bounds.errorRate, canary.errorRate - base.errorRate > bound else {
      return nil
    }
    return Verdict(
      kind: .errors,
      reason: "\(canary.failures) of its last \(canary.samples.count) requests failed, "
        + "\(base.failures) of \(base.samples.count) of version \(baseline)")
  }

  private func latency(_ canary: Window, _ base: Window) -> Verdict? {
    guard let bound = bounds.latencyRatio, base.samples.count >= bounds.minimumRequests,
      let slow = canary.latencies.median, let usual = base.latencies.median, usual > 0,
      Double(slow / usual) > bound
    else { return nil }
    return Verdict(
      kind: .latency,
      reason: "its median latency is \(slow.microseconds) µs, "
        + "that of version \(baseline) \(usual.microseconds) µs")
  }

  private func scores(_ canary: Window, _ base: Window) -> Verdict? {
    guard let bound = bounds.scoreShift, base.samples.count >= bounds.minimumRequests else {
      return nil
    }
    let (left, right) = (canary.scores.sorted(), base.scores.sorted())
    guard !left.isEmpty, !right.isEmpty else { return nil }
    let distance = Self.distance(left, right)
    let chance = 1.95 * (1 / Double(left.count) + 1 / Double(right.count)).squareRoot()
    guard distance - chance > bound else { return nil }
    return Verdict(
      kind: .scores,
      reason:
        "the distribution of its scores is \(Int(distance * 1000)) thousandths away from that of "
        + "version \(baseline) (Kolmogorov-Smirnov)")
  }

  /// The largest difference between the two cumulative distributions, of sorted values.
  static func distance(_ left: [Float], _ right: [Float]) -> Double {
    var (i, j) = (0, 0)
    var largest = 0.0
    while i < left.count, j < right.count {
      let value = min(left[i], right[j])
      while i < left.count, left[i] <= value { i += 1 }
      while j < right.count, right[j] <= value { j += 1 }
      largest = max(
        largest, abs(Double(i) / Double(left.count) - Double(j) / Double(right.count)))
    }
    return largest
  }
}

extension [Float] {
  fileprivate var median: Float? { isEmpty ? nil : sorted()[count / 2] }
}

extension Float {
  fileprivate var microseconds: Int { Int(self * 1_000_000) }
}
