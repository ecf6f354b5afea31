import Testing

@testable import JSON

/// Decimals against the standard library, which rounds correctly.
struct DecimalTests {
  @Test("Every decimal that is taken is the nearest double")
  func nearest() throws {
    var state: UInt64 = 1
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
    for _ in 0..<50_000 {
      let digits = next() >> (next() % 64)
      let exponent = Int(next() % 55) - 27
      let value = try #require(Double(decimal: digits, exponent: exponent))
      #expect(value == Double("\(digits)e\(exponent)"), "\(digits)e\(exponent)")
    }
  }

  @Test(
    "Halves are rounded to even, and one more or less is not",
    arguments: [
      (9_007_199_254_740_993, 0), (9_007_199_254_740_995, 0), (90_071_992_547_409_930, -1),
      (90_071_992_547_409_931, -1), (90_071_992_547_409_929, -1), (18_446_744_073_709_551_615, 0),
      (18_446_744_073_709_550_591, 0), (18_446_744_073_709_550_592, 0), (9_007_199_254_740_993, 3),
      (10_000_000_000_000_000_001, -27), (1, 27), (3, 27), (0, 27), (0, -27),
    ] as [(UInt64, Int)])
  func halves(digits: UInt64, exponent: Int) throws {
    #expect(Double(decimal: digits, exponent: exponent) == Double("\(digits)e\(exponent)"))
  }

  @Test("Exponents beyond 128 bits are left to others", arguments: [-400, -28, 28, 400])
  func beyond(exponent: Int) {
    #expect(Double(decimal: 12_345_678_901_234_567, exponent: exponent) == nil)
  }
}
