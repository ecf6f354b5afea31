/// A parameter that is passed to XGBoost unchanged.
public struct TrainingParameter: Sendable, Equatable {
  /// XGBoost's name of it, such as `max_depth`.
  public let name: String
  /// Its value as text.
  public let value: String

  /// A parameter.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Reads `NAME=VALUE`; nil when it is written otherwise.
  public init?(_ text: String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else { return nil }
    self.init(name: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
  }
}

extension [TrainingParameter] {
  /// Whether one of these names is there.
  func contains(named names: String...) -> Bool { contains { names.contains($0.name) } }

  func value(of name: String) -> String? { last { $0.name == name }?.value }

  /// The values by name; those of a parameter that is given several times with commas between.
  var dictionary: [String: String] {
    Dictionary(map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0),\($1)" })
  }
}
