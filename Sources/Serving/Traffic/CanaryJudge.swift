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
    var failed: Bool
    /// Seconds.
    var latency: Float
    /// The first value of its answer; nil without one.
    var score: Float?
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

    mutating func add(_ sample: Sample, limit: Int) {
      if samples.count < limit {
        samples.append(sample)
      } else {
        if samples[next].failed { failures -= 1 }
        samples[next] = sample
      }
      if sample.failed { failures += 1 }
      next = (next + 1) % limit
      unseen += 1
    }

    var errorRate: Double { samples.isEmpty ? 0 : Double(failures) / Double(samples.count) }
    var latencies: [Float] { samples.filter { !$0.failed }.map(\.latency) }
    var scores: [Float] { samples.compactMap(\.score).filter { !$0.isNaN } }
  }

  let bounds: RollbackBounds
  let baseline: String
  private var windows: [String: Window] = [:]
  private var condemned: Set<String> = []

  init(bounds: RollbackBounds, baseline: String) {
    self.bounds = bounds
    self.baseline = baseline
  }

  /// Takes in a request, and says once of a version that it is out of bounds.
  mutating func record(_ version: String, _ sample: Sample) -> Verdict? {
    windows[version, default: Window()].add(sample, limit: bounds.window)
    guard version != baseline, !condemned.contains(version),
      let canary = windows[version], canary.samples.count >= bounds.minimumRequests
    else { return nil }
    let base = windows[baseline] ?? Window()
    // Errors are counted as they come. What must be sorted is looked at when a fourth more is known
    // or has been replaced, so that a request pays for a few comparisons only.
    let isTime = canary.unseen >= max(10, canary.samples.count / 4)
    if isTime { windows[version]?.unseen = 0 }
    let verdict =
      errors(canary, base) ?? (isTime ? latency(canary, base) ?? scores(canary, base) : nil)
    if verdict != nil { condemned.insert(version) }
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
