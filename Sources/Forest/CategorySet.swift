/// A set of category codes, as bits.
public struct CategorySet: Sendable, Hashable {
  /// Codes from here on are in no set: float32 cannot count higher by ones.
  public static let limit = 1 << 24

  private var words: [UInt64]

  /// The set of these codes.
  ///
  /// - Precondition: every code is at least 0 and less than ``limit``.
  public init(_ codes: some Sequence<Int>) {
    words = []
    for code in codes {
      precondition(code >= 0 && code < Self.limit, "category code out of range")
      while words.count <= code / 64 { words.append(0) }
      words[code / 64] |= 1 << UInt64(code % 64)
    }
  }

  /// Whether the category with this code is a member; a fraction is cut off, and a negative,
  /// infinite or too large value is no member.
  public func contains(_ value: Float) -> Bool {
    guard value >= 0, value < Float(Self.limit) else { return false }
    let code = Int(value)
    return code / 64 < words.count && words[code / 64] >> UInt64(code % 64) & 1 == 1
  }

  /// The codes in the set, in ascending order.
  public var codes: [Int] {
    words.indices.flatMap { word in
      (0..<64).filter { words[word] >> UInt64($0) & 1 == 1 }.map { word * 64 + $0 }
    }
  }
}
