/// Why a request got no prediction; each protocol has one place that maps the code to its own.
public struct PredictionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Code: String, Sendable {
    /// The request is at fault: wrong number of features, no such output.
    case invalidRequest = "invalid_request"
    /// No model of that name is served.
    case unknownModel = "unknown_model"
    /// The model is served, but not in that version.
    case unknownVersion = "unknown_version"
    /// There are more rows than the queue takes at once.
    case tooLarge = "too_large"
    /// The queue is full; try again later.
    case overloaded
    /// The queue cannot be reached, or the server is stopping.
    case unavailable
    /// The time was up before there was an answer.
    case deadlineExceeded = "deadline_exceeded"
    /// The caller stopped waiting.
    case cancelled
    /// The protocol has it, this server has not.
    case unsupported
    /// The fault is on this side.
    case `internal`
  }

  /// What kind of failure it is.
  public let code: Code
  /// What is wrong, and what the caller can do.
  public let message: String
  /// The part of the request that is at fault, such as `model` or `data[3]`.
  public let field: String?
  /// When it may work again.
  public let retryAfter: Duration?

  /// Describes a failure.
  public init(
    _ code: Code, _ message: String, field: String? = nil, retryAfter: Duration? = nil
  ) {
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
  }

  /// The code and what is wrong.
  public var description: String { "\(code.rawValue): \(message)" }
}
