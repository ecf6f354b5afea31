/// Names one version of one model.
public struct ModelID: Sendable, Hashable, CustomStringConvertible {
  /// The model's name.
  public let name: String
  /// The version's name; usually a number.
  public let version: String

  /// Names a version of a model.
  public init(name: String, version: String) {
    self.name = name
    self.version = version
  }

  /// `NAME/VERSION`, as in the repository.
  public var description: String { "\(name)/\(version)" }

  /// Whether a text may name a model or a version: 1 to 128 letters, digits, `.`, `_` and `-`, the
  /// first of them no `.`, so that it is safe as the name of a folder, in a URL and in a metric.
  public static func isValidName(_ text: some StringProtocol) -> Bool {
    (1...128).contains(text.utf8.count) && !text.hasPrefix(".")
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Whether the left version comes before the right one: numbers by size, largest first, after
  /// them all others by their text.
  package static func isNewerVersion(_ left: String, _ right: String) -> Bool {
    switch (UInt64(left), UInt64(right)) {
    case (let left?, let right?) where left != right: left > right
    case (nil, nil), (_?, _?): left > right
    case (let left, _): left != nil
    }
  }
}
