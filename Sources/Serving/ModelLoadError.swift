/// Why a model cannot be served, and where that was found.
public struct ModelLoadError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure, as a metric tells them.
  public enum Kind: String, Sendable {
    /// The file is no model that can be read.
    case unreadable
    /// The manifest is none, or contradicts the model.
    case manifest
    /// The model does not give the answers that its manifest has.
    case examples
    /// The folder has no model file, or several.
    case folder
    /// It does not do on live requests what the version in place does.
    case trial
  }

  /// The kind of failure.
  public let kind: Kind
  /// The file or folder.
  public let place: String
  /// What is wrong, and what to do about it.
  public let message: String
  /// The error behind it.
  public let cause: (any Error)?

  /// Describes a failure.
  public init(
    _ kind: Kind = .unreadable, place: String, message: String, cause: (any Error)? = nil
  ) {
    self.kind = kind
    self.place = place
    self.message = message
    self.cause = cause
  }

  /// The place, what is wrong there and why.
  public var description: String {
    "\(place): \(message)" + (cause.map { ": \($0)" } ?? "")
  }
}
