import NIOCore

/// An entry of the stream whose jobs all have outcomes.
struct FinishedEntry {
  let place: JobPlace
  /// The name of its job, or of its bundle.
  let id: JobID
  /// In the order in which they stand in the entry.
  let jobs: [Job]
  let outcome: EntryOutcome
  /// Where these jobs are among the results.
  let positions: [Int]

  /// Of the job that has the most time.
  var deadline: Deadline { jobs.map(\.deadline).max() ?? .now }

  /// Why it is to be set aside, if it is.
  var deathReason: String? {
    if jobs.count == 1, case .dead(let reason) = outcome.outcomes[0] { reason } else { nil }
  }

  /// Whether it is a bundle of which a job is to be set aside, which needs an entry of its own.
  var mustBeSplit: Bool {
    outcome.outcomes.count > 1
      && outcome.outcomes.contains { if case .dead = $0 { true } else { false } }
  }

  var goesWithOthers: Bool { jobs[0].piece == nil && deathReason == nil && !mustBeSplit }

  var size: Int {
    outcome.outcomes.reduce(0) { size, outcome in
      if case .done(let answer) = outcome { size + answer.readableBytes } else { size }
    }
  }
}
