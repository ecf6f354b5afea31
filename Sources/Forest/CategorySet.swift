/// A set of category codes, as bits.
public struct CategorySet: Sendable, Hashable {
  /// Codes from here on are in no set: float32 cannot count higher by ones.
  public static let limit = 1 << 24

  private var words: [UInt64]
  /// Whether values between -1 and 0 count as 0, as in LightGBM, which cuts their fraction off, and
  /// not as negative, as in XGBoost.
  public let truncatesNegative: Bool

  /// The set of these codes.
  ///
  /// - Precondition: every code is at least 0 and less than ``limit``.
  public init(_ codes: some Sequence<Int>, truncatesNegative: Bool = false) {
    words = []
    self.truncatesNegative = truncatesNegative
    for code in codes {
      precondition(code >= 0 && code < Self.limit, "category code out of range")
      while words.count <= code / 64 { words.append(0) }
      words[code / 64] |= 1 << UInt64(code % 64)
    }
  }

  /// The set of the codes whose bits are 1: bit 0 of the first word is code 0, bit 0 of the second
  /// code 32.
  ///
  /// - Precondition: there are at most `limit / 32` words.
  public init(bits halves: some Collection<UInt32>, truncatesNegative: Bool = false) {
    precondition(halves.count <= Self.limit / 32, "category code out of range")
    // A model has tens of thousands of sets, and a collection of unknown type is slow.
    let halves = Array(halves)
    words = [UInt64](repeating: 0, count: (halves.count + 1) / 2)
    for index in halves.indices {
      words[index / 2] |= UInt64(halves[index]) << UInt64(index % 2 * 32)
    }
    self.truncatesNegative = truncatesNegative
  }

  /// Whether the category with this code is a member; a fraction is cut off, and a negative
  /// (see ``truncatesNegative``), infinite or too large value is no member.
  public func contains(_ value: Float) -> Bool {
    guard truncatesNegative ? value > -1 : value >= 0, value < Float(Self.limit) else {
      return false
    }
    let code = Int(value)
    return code / 64 < words.count && words[code / 64] >> UInt64(code % 64) & 1 == 1
  }

  /// The codes in the set, in ascending order.
  public var codes: [Int] {
    var codes: [Int] = []
    for index in words.indices {
      var rest = words[index]
      while rest != 0 {
        codes.append(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return codes
  }
}
