/// Judges a new version by live requests that the version in place has answered: it must answer all
/// of them, and its answers must be near enough.
struct TrialJudge: Sendable {
  /// What a request came to.
  enum Outcome: Sendable {
    /// The largest absolute difference in its answer.
    case difference(Float)
    case failure(String)
  }

  enum Verdict: Sendable, Equatable {
    case passed
    case refused(String)
  }

  let bounds: TrialBounds
  /// Requests that were compared.
  private(set) var count = 0
  private var sum = 0.0
  private var isOver = false

  init(bounds: TrialBounds) {
    self.bounds = bounds
  }

  /// The mean difference of the requests that were compared.
  var difference: Double { count == 0 ? 0 : sum / Double(count) }

  /// Takes in a request, and says once what comes of the trial.
  mutating func record(_ outcome: Outcome) -> Verdict? {
    guard !isOver else { return nil }
    switch outcome {
    case .failure(let reason):
      isOver = true
      return .refused("a live request failed after \(count) that did not: \(reason)")
    case .difference(let difference):
      count += 1
      sum += Double(difference)
      return count < bounds.requests ? nil : end()
    }
  }

  /// Says what comes of the trial when no more requests are waited for; nil when it is over.
  mutating func end() -> Verdict? {
    guard !isOver else { return nil }
    isOver = true
    guard let bound = bounds.difference, difference > bound else { return .passed }
    return .refused(
      "its answers to \(count) live requests are \(Float(difference)) away from those of the version "
        + "in place on average; at most \(bound) is allowed")
  }
}
