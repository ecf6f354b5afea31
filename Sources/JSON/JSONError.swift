/// Why bytes are not the JSON that was expected, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let message: String
  /// The byte at which it was found, counted from 0.
  public let offset: Int

  /// What is wrong, and where.
  public var description: String { "\(message) (at byte \(offset))" }
}
