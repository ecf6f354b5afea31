/// How the requests for one model that name no version are spread over its versions.
///
/// As JSON: `{"weights": {"1": 90, "2": 10}, "sticky_header": "X-User", "shadow": {"version": "3",
/// "percent": 50}, "rollback": {"score_shift": 0.2}}`; every part is optional.
public struct TrafficRule: Sendable, Equatable, Codable {
  /// Percent by version, 100 together; empty for the newest version alone.
  public var weights: [String: Int] = [:]
  /// The header field whose value keeps a caller on one version; nil spreads single requests.
  public var stickyHeader: String?
  /// A version that is asked too, and whose answer is thrown away.
  public var shadow: Shadow?
  /// When to take versions out that do worse than the one with the largest weight.
  public var rollback: RollbackBounds?

  /// A version beside the one that answers.
  public struct Shadow: Sendable, Equatable, Codable {
    /// The version.
    public var version: String
    /// How many of a hundred requests it gets.
    public var percent: Int

    /// A version that gets so many of a hundred requests.
    public init(version: String, percent: Int = 100) {
      self.version = version
      self.percent = percent
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
      case version, percent
    }

    /// Reads JSON; unknown members are errors.
    public init(from decoder: any Decoder) throws {
      try decoder.refuseUnknownMembers(CodingKeys.self)
      let members = try decoder.container(keyedBy: CodingKeys.self)
      version = try members.decode(String.self, forKey: .version)
      percent = try members.decodeIfPresent(Int.self, forKey: .percent) ?? 100
    }
  }

  /// A rule.
  public init(
    weights: [String: Int] = [:], stickyHeader: String? = nil, shadow: Shadow? = nil,
    rollback: RollbackBounds? = nil
  ) {
    self.weights = weights
    self.stickyHeader = stickyHeader
    self.shadow = shadow
    self.rollback = rollback
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case weights, shadow, rollback
    case stickyHeader = "sticky_header"
  }

  /// Reads JSON; unknown members are errors.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownMembers(CodingKeys.self)
    let members = try decoder.container(keyedBy: CodingKeys.self)
    weights = try members.decodeIfPresent([String: Int].self, forKey: .weights) ?? [:]
    stickyHeader = try members.decodeIfPresent(String.self, forKey: .stickyHeader)
    shadow = try members.decodeIfPresent(Shadow.self, forKey: .shadow)
    rollback = try members.decodeIfPresent(RollbackBounds.self, forKey: .rollback)
  }

  /// The versions that it names.
  var versions: Set<String> { Set(weights.keys).union(shadow.map { [$0.version] } ?? []) }

  /// The version that the others are measured by: the one with the largest weight.
  var baseline: String? {
    weights.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// What is wrong with its numbers and texts, and where; nil when nothing is.
  var problem: (field: String, message: String)? {
    if weights.isEmpty, shadow == nil {
      return ("weights", "the rule has neither weights nor a shadow; DELETE takes a rule away")
    }
    if !weights.isEmpty {
      guard weights.values.allSatisfy({ (0...100).contains($0) }) else {
        return ("weights", "a weight is 0 to 100 percent")
      }
      let sum = weights.values.reduce(0, +)
      guard sum == 100 else { return ("weights", "the weights are \(sum) together, not 100") }
    }
    if let header = stickyHeader {
      guard Self.isHeaderName(header) else {
        return ("sticky_header", "it is not the name of a header field")
      }
      guard !weights.isEmpty else { return ("sticky_header", "there are no weights to stick to") }
    }
    if let shadow, !(1...100).contains(shadow.percent) {
      return ("shadow.percent", "it is 1 to 100 percent")
    }
    if let rollback {
      if let problem = rollback.problem { return problem }
      guard weights.values.count(where: { $0 > 0 }) > 1 else {
        return ("rollback", "there is nothing to roll back: no two versions have a weight")
      }
    }
    return nil
  }

  private static func isHeaderName(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

extension Decoder {
  /// Throws when the object has a member that is none of these: a misspelt option must not be
  /// taken for one that was left out.
  func refuseUnknownMembers<Keys: CodingKey & CaseIterable>(_ keys: Keys.Type) throws {
    let known = Set(keys.allCases.map(\.stringValue))
    for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath + [key],
          debugDescription: "there is no such member; there are "
            + known.sorted().joined(separator: ", ")))
    }
  }
}

private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int? = nil

  init?(stringValue: String) {
    self.stringValue = stringValue
  }

  init?(intValue: Int) { return nil }
}
