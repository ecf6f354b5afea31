/// Why a model cannot be served, and where that was found.
public struct ModelLoadError: Error, Sendable, CustomStringConvertible {
  /// The file or folder.
  public let place: String
  /// What is wrong, and what to do about it.
  public let message: String
  /// The error behind it.
  public let cause: (any Error)?

  /// Describes a failure.
  public init(place: String, message: String, cause: (any Error)? = nil) {
    self.place = place
    self.message = message
    self.cause = cause
  }

  /// The place, what is wrong there and why.
  public var description: String {
    "\(place): \(message)" + (cause.map { ": \($0)" } ?? "")
  }
}
