/// Where a job is in its life.
///
/// ```
/// queued ── taken ──▶ running ── outcome ──▶ done, failed, expired, cancelled, dead
///   ▲ └── expired, cancelled, damaged ────────▶ expired, cancelled, dead
///   └── retried ── dead
/// ```
///
/// The whole rule is ``after(_:)``; the back ends perform it, each as one atomic step.
public enum JobState: String, Sendable, CaseIterable {
  /// Accepted; no worker has it.
  case queued
  /// Workers have it, or had some of its pieces.
  case running
  /// Computed; the result is there.
  case done
  /// A worker could not compute it.
  case failed
  /// The deadline passed first.
  case expired
  /// Its owner does not want it any more.
  case cancelled
  /// Set aside: no worker survived it, or it is damaged. The only end that can be undone.
  case dead
}

/// What happens to a job.
public enum JobEvent: Sendable, Equatable {
  /// A worker takes it, or takes it over from another one.
  case taken
  /// An outcome is to be committed.
  case ended(JobState)
  /// Someone wants a dead job tried again.
  case retried
}

extension JobState {
  /// Whether the job is over.
  public var isFinal: Bool { self != .queued && self != .running }

  /// The state that follows, or nil when the event is refused and changes nothing.
  ///
  /// The first end stays: whatever comes later, a second outcome or a cancellation, is refused. An
  /// outcome is taken while the job is queued, too: it may come from a worker that was thought dead.
  public func after(_ event: JobEvent) -> JobState? {
    switch (self, event) {
    case (.queued, .taken), (.running, .taken): .running
    case (.queued, .ended(let end)), (.running, .ended(let end)): end.isFinal ? end : nil
    case (.dead, .retried): .queued
    default: nil
    }
  }
}
