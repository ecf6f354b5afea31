/// A password: usable, never printed.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  let value: String

  /// Wraps a password.
  public init(_ value: String) {
    self.value = value
  }

  /// Always the same dots.
  public var description: String { "•••" }
  /// Always the same dots.
  public var debugDescription: String { description }
  /// Shows nothing inside.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
