/// How long to wait before trying again: capped exponential growth with full jitter, so that many
/// clients of one server that came back do not all knock at the same moment.
public struct Backoff: Sendable {
  /// The longest first wait.
  public var base: Duration
  /// The longest wait.
  public var cap: Duration

  /// A schedule whose `n`th wait, from 0, is a random part of `min(cap, base * 2^n)`.
  public init(base: Duration = .milliseconds(50), cap: Duration = .seconds(2)) {
    self.base = base
    self.cap = cap
  }

  /// The wait before the given attempt, counted from 0.
  public func delay(
    attempt: Int, using random: inout some RandomNumberGenerator
  ) -> Duration {
    let limit = min(cap, base * (1 << max(0, min(attempt, 16))))
    return limit * Double.random(in: 0...1, using: &random)
  }
}
