/// What the bytes of a CSV cell mean.
enum CSVValue {
  case number(Double)
  case missing
  case text

  /// Reads a cell: a decimal number, a mark for a missing value (nothing, `NA`, `N/A`, `NaN`,
  /// `null`, `None`, `?`, in upper or lower case), or a text.
  init(_ bytes: UnsafeBufferPointer<UInt8>.SubSequence) {
    if bytes.isEmpty {
      self = .missing
    } else if let number = Self.number(bytes) {
      self = .number(number)
    } else if bytes.count <= 9 {
      switch String(decoding: bytes, as: UTF8.self).lowercased() {
      case "na", "n/a", "nan", "null", "none", "?": self = .missing
      case "inf", "+inf", "infinity", "+infinity": self = .number(.infinity)
      case "-inf", "-infinity": self = .number(-.infinity)
      default: self = .text
      }
    } else {
      self = .text
    }
  }

  /// Reads a decimal number, correctly rounded; nil when it is none.
  ///
  /// Numbers of up to 19 digits with a small exponent are exact products or quotients of two
  /// doubles (W. Clinger, "How to read floating point numbers accurately", 1990); the rest take
  /// the standard library's slower way.
  private static func number(_ bytes: UnsafeBufferPointer<UInt8>.SubSequence) -> Double? {
    var offset = bytes.startIndex
    let end = bytes.endIndex
    var digits: UInt64 = 0
    /// Reads digits; what they add beyond 19 overflows and is then not used.
    func scanDigits() -> Int {
      let start = offset
      while offset < end, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
        digits = digits &* 10 &+ UInt64(digit)
        offset += 1
      }
      return offset - start
    }
    func skipSign() -> Bool {
      guard offset < end else { return false }
      let isNegative = bytes[offset] == UInt8(ascii: "-")
      if isNegative || bytes[offset] == UInt8(ascii: "+") { offset += 1 }
      return isNegative
    }

    let isNegative = skipSign()
    var count = scanDigits()
    var exponent = 0
    if offset < end, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      exponent = -scanDigits()
      count -= exponent
    }
    guard count > 0 else { return nil }
    let mantissa = digits
    if offset < end, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      let isNegative = skipSign()
      digits = 0
      let length = scanDigits()
      guard length > 0 else { return nil }
      let magnitude = length > 9 ? 1_000_000_000 : Int(digits)
      exponent += isNegative ? -magnitude : magnitude
    }
    guard offset == end else { return nil }
    guard count <= 19, mantissa <= 1 << 53, exponent.magnitude <= 22 else {
      return Double(String(decoding: bytes, as: UTF8.self))
    }
    let magnitude = Double(mantissa)
    let value =
      exponent < 0 ? magnitude / powersOfTen[-exponent] : magnitude * powersOfTen[exponent]
    return isNegative ? -value : value
  }
}

/// 10 to the power of the position, exact in Double.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]
