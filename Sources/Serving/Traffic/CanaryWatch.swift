import Synchronization

/// Watches the requests of a model under a rule with rollback, and tells when a version has to go.
final class CanaryWatch: Sendable {
  /// What is watched.
  let bounds: RollbackBounds
  private let judge: Mutex<CanaryJudge>
  private let condemn: @Sendable (String, CanaryJudge.Verdict) -> Void

  /// - Parameter condemn: told of a version that is out of bounds, once.
  init(
    bounds: RollbackBounds, baseline: String, canaries: [String],
    condemn: @escaping @Sendable (String, CanaryJudge.Verdict) -> Void
  ) {
    self.bounds = bounds
    judge = Mutex(CanaryJudge(bounds: bounds, baseline: baseline, canaries: canaries))
    self.condemn = condemn
  }

  func record(_ version: String, _ sample: CanaryJudge.Sample) {
    if let verdict = judge.withLock({ $0.record(version, sample) }) { condemn(version, verdict) }
  }
}
