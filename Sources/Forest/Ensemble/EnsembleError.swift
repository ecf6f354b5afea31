/// Why parts are no ensemble, or no preprocessing, that can be computed.
public struct EnsembleError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
