/// Which versions of a model are kept in memory, beside those that labels and traffic rules name.
public enum VersionPolicy: Sendable, Equatable, CustomStringConvertible {
  /// The newest one that can be loaded.
  case latest
  /// All of them.
  case all
  /// These, where the model has them.
  case only([String])

  /// Reads `latest`, `all` or versions with commas between them; anything else is nil.
  public init?(_ text: String) {
    switch text {
    case "latest": self = .latest
    case "all": self = .all
    default:
      let versions = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard versions.allSatisfy({ ModelID.isValidName($0) }) else { return nil }
      self = .only(versions)
    }
  }

  /// What ``init(_:)`` reads.
  public var description: String {
    switch self {
    case .latest: "latest"
    case .all: "all"
    case .only(let versions): versions.joined(separator: ",")
    }
  }
}
