import Synchronization

/// A new version that is asked beside the one in place, and tells when it has been asked enough.
final class TrialWatch: Sendable {
  /// The new version.
  let model: Model
  /// Its files.
  let stamp: FolderStamp
  /// The version whose answers it is compared with; for changed files the same one.
  let standing: ModelID
  private let judge: Mutex<TrialJudge>
  private let conclude: @Sendable (TrialWatch, TrialJudge.Verdict) -> Void

  /// - Parameter conclude: told the verdict, once.
  init(
    _ model: Model, stamp: FolderStamp, standing: ModelID, bounds: TrialBounds,
    conclude: @escaping @Sendable (TrialWatch, TrialJudge.Verdict) -> Void
  ) {
    self.model = model
    self.stamp = stamp
    self.standing = standing
    self.conclude = conclude
    judge = Mutex(TrialJudge(bounds: bounds))
  }

  /// How many requests were compared, and their mean difference.
  var progress: (count: Int, difference: Double) {
    judge.withLock { ($0.count, $0.difference) }
  }

  func record(_ outcome: TrialJudge.Outcome) {
    if let verdict = judge.withLock({ $0.record(outcome) }) { conclude(self, verdict) }
  }

  /// No more requests are waited for.
  func end() {
    if let verdict = judge.withLock({ $0.end() }) { conclude(self, verdict) }
  }
}
