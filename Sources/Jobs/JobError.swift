/// Why a job gave no answer.
public struct JobError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// As many jobs wait as may; try again later.
    case full
    /// The bytes are more than the queue takes.
    case tooLarge
    /// The deadline passed before there was an answer.
    case expired
    /// The queue cannot be reached or refuses to work: Redis is down, out of memory, read-only, or
    /// wants another password.
    case unavailable
    /// A worker could not do the job, or gave up on it after several attempts.
    case failed
    /// The caller stopped waiting, or the job was cancelled.
    case cancelled
    /// There is no such job, or not any more.
    case unknown
    /// The job's state does not allow it: it has ended, or has not.
    case finished
    /// The idempotency key belongs to another request.
    case mismatch
  }

  /// The kind of error.
  public let code: Code
  /// What happened.
  public let message: String
  /// When it may work again, if the queue is full.
  public let retryAfter: Duration?

  /// Describes an error.
  public init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }

  /// The kind and what happened.
  public var description: String { "\(code.rawValue): \(message)" }
}
