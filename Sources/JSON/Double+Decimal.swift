extension Double {
  /// The nearest double to `digits` times ten to the power of `exponent`; nil where that takes more
  /// than 128 bits of arithmetic.
  ///
  /// Up to 2^53 and 10^22 both are doubles, and one operation rounds once (W. Clinger, "How to read
  /// floating point numbers accurately", 1990). Up to 10^27 the power of five has 63 bits, so that a
  /// product or a quotient of 128 bits holds all that rounding must know.
  package init?(decimal digits: UInt64, exponent: Int) {
    if digits <= 1 << 53, exponent.magnitude <= 22 {
      self =
        exponent < 0
        ? Double(digits) / powersOfTen[-exponent] : Double(digits) * powersOfTen[exponent]
    } else if digits == 0 {
      self = 0
    } else if exponent < 0, exponent >= -27 {
      self.init(digits, dividedByTenTo: -exponent)
    } else if exponent >= 0, exponent <= 27 {
      self.init(digits, timesTenTo: exponent)
    } else {
      return nil
    }
  }

  private init(_ digits: UInt64, dividedByTenTo exponent: Int) {
    let power = powersOfFive[exponent]
    let shift = digits.leadingZeroBitCount
    let powerShift = power.leadingZeroBitCount
    // Both lie in 2^63..<2^64, so that the quotient of the first times 2^63 has 63 or 64 bits. Its
    // last bit, far below those that are kept, tells of a remainder.
    let dividend = digits << shift
    let (quotient, remainder) = (power << powerShift).dividingFullWidth(
      (dividend >> 1, dividend << 63))
    self = Double(remainder == 0 ? quotient : quotient | 1)
    self *= Self.powerOfTwo(powerShift - shift - 63 - exponent)
  }

  private init(_ digits: UInt64, timesTenTo exponent: Int) {
    let (high, low) = digits.multipliedFullWidth(by: powersOfFive[exponent])
    guard high != 0 else {
      self = Double(low) * Self.powerOfTwo(exponent)
      return
    }
    let shift = high.leadingZeroBitCount
    let top = high << shift | low >> (64 - shift)
    self = Double(low << shift == 0 ? top : top | 1) * Self.powerOfTwo(64 - shift + exponent)
  }

  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(1023 + exponent) << 52)
  }
}

/// 10 to the power of the position, exact in Double.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

/// 5 to the power of the position, as far as 64 bits go.
private let powersOfFive: [UInt64] = (0...27).map { exponent in
  (0..<exponent).reduce(1) { power, _ in power * 5 }
}
