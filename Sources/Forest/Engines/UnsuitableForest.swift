/// Why an engine does not take a forest; another does.
public struct UnsuitableForest: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the engine is limited to.
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
