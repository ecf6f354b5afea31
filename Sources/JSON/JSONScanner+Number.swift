extension JSONScanner {
  /// Reads a number, correctly rounded.
  ///
  /// Numbers of up to 19 digits with a small exponent are worked out by
  /// ``Swift/Double/init(decimal:exponent:)``; the rest take the standard library's slower way.
  public mutating func number() throws(JSONError) -> Double {
    try expect(.number)
    return try scanNumber()
  }

  /// Reads a whole number.
  public mutating func integer() throws(JSONError) -> Int {
    try expect(.number)
    let start = offset
    let value = try scanNumber()
    guard let integer = Int(exactly: value) else {
      throw JSONError(message: "expected a whole number", offset: start)
    }
    return integer
  }

  /// Moves past a number without working out its value.
  mutating func skipNumber() throws(JSONError) {
    if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
    if allowsNonFinite, try scanNonFinite() != nil { return }
    _ = try scanDecimal()
  }

  mutating func scanNumber() throws(JSONError) -> Double {
    let start = offset
    let isNegative = bytes[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    if allowsNonFinite, let value = try scanNonFinite() { return isNegative ? -value : value }

    let decimal = try scanDecimal()
    if decimal.digitCount <= 19,
      let value = Double(decimal: decimal.digits, exponent: decimal.exponent)
    {
      return isNegative ? -value : value
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    guard let value = Double(text), allowsNonFinite || value.isFinite else {
      throw JSONError(message: "the number is too large", offset: start)
    }
    return value
  }

  /// The digits of a number without its point, and the power of ten that they are times.
  private struct Decimal {
    var digits: UInt64 = 0
    var digitCount = 0
    var exponent = 0
  }

  private mutating func scanDecimal() throws(JSONError) -> Decimal {
    var decimal = Decimal()
    let start = offset
    decimal.digitCount = scanDigits(into: &decimal.digits)
    guard decimal.digitCount > 0 else { throw error("a digit must follow") }
    if decimal.digitCount > 1, bytes[start] == UInt8(ascii: "0") {
      throw JSONError(message: "a number must not start with 0", offset: start)
    }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      let fractionDigits = scanDigits(into: &decimal.digits)
      guard fractionDigits > 0 else { throw error("a digit must follow the point") }
      decimal.exponent = -fractionDigits
      decimal.digitCount += fractionDigits
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      decimal.exponent += try scanExponent()
    }
    return decimal
  }

  /// Reads digits; counts beyond 19 overflow `value`, which is then not used.
  private mutating func scanDigits(into value: inout UInt64) -> Int {
    let start = offset
    while offset < bytes.count, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
      value = value &* 10 &+ UInt64(digit)
      offset += 1
    }
    return offset - start
  }

  private mutating func scanExponent() throws(JSONError) -> Int {
    offset += 1
    var isNegative = false
    if offset < bytes.count,
      bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+")
    {
      isNegative = bytes[offset] == UInt8(ascii: "-")
      offset += 1
    }
    var digits: UInt64 = 0
    let count = scanDigits(into: &digits)
    guard count > 0 else { throw error("a digit must follow the exponent") }
    // Any exponent this long is handled (as 0 or as too large) by the slow way.
    let magnitude = count > 9 ? 1_000_000_000 : Int(digits)
    return isNegative ? -magnitude : magnitude
  }

  private mutating func scanNonFinite() throws(JSONError) -> Double? {
    guard offset < bytes.count else { return nil }
    switch bytes[offset] {
    case UInt8(ascii: "N"):
      try word("NaN")
      return .nan
    case UInt8(ascii: "I"):
      try word("Infinity")
      return .infinity
    default: return nil
    }
  }
}
