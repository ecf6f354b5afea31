import JSON
import Testing

/// Numbers, against the standard library's own correctly rounded reader.
struct JSONNumberTests {
  @Test(
    "Numbers are correctly rounded",
    arguments: [
      "0", "-0", "1", "-1", "0.1", "5E-1", "4.975586E-1", "1e22", "1e23", "123456789012345678",
      "9007199254740993", "9007199254740992.5", "1.7976931348623157e308", "5e-324",
      "2.2250738585072014e-308",
      "1e-400", "0e999999999999", "-1.85185182094573975e+00", "3.4028235E38", "1.17549435e-38",
      "0.000000000000000000000000000000000000000000000000000000000000000000000001e71",
      "100000000000000000000000000000000000000000000000000000000000000000000000e-71",
    ])
  func rounding(text: String) throws {
    let value = try scan(text) { try $0.number() }
    #expect(value.bitPattern == Double(text)!.bitPattern)
    var floats: [Float] = []
    try scan("[\(text)]", allowsNonFinite: true) { try $0.floats(into: &floats) }
    #expect(floats.map(\.bitPattern) == [Float(Double(text)!).bitPattern])
  }

  @Test("Every double and float is read back as it was written")
  func roundTrip() throws {
    var random = Random(seed: 1)
    for _ in 0..<20_000 {
      let double = Double(bitPattern: random.next())
      if double.isFinite { #expect(try scan("\(double)") { try $0.number() } == double) }
      let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      if float.isFinite {
        var floats: [Float] = []
        try scan("[\(float)]") { try $0.floats(into: &floats) }
        #expect(floats == [float])
      }
    }
  }

  @Test("Decimals of all lengths and exponents equal the standard library's")
  func decimals() throws {
    var random = Random(seed: 2)
    for _ in 0..<20_000 {
      var text = Bool.random(using: &random) ? "-" : ""
      text += "\(random.next() >> UInt64.random(in: 0..<64, using: &random))"
      if Bool.random(using: &random) {
        text += ".\(random.next() >> UInt64.random(in: 0..<64, using: &random))"
      }
      if Bool.random(using: &random) { text += "e\(Int.random(in: -330...290, using: &random))" }
      let expected = Double(text)!
      if expected.isFinite { #expect(try scan(text) { try $0.number() } == expected, "\(text)") }
    }
  }

  @Test(
    "What is no number is refused where it goes wrong",
    arguments: [
      ("-", 1), ("01", 0), ("-01", 1), ("1.", 2), ("1.e5", 2), ("1e", 2), ("1e+", 3), (".5", 0),
      ("+1", 0), ("0x10", 1), ("1e400", 0), ("NaN", 0), ("Infinity", 0), ("-Infinity", 1),
      ("--1", 1),
      ("1 2", 2), ("", 0), ("1_000", 1),
    ])
  func malformed(text: String, offset: Int) throws {
    let error = try #require(throws: JSONError.self) { try scan(text) { try $0.number() } }
    #expect(error.offset == offset, "\(error)")
  }

  @Test("NaN and infinities count where they are allowed")
  func nonFinite() throws {
    var values: [Double] = []
    try scan("[NaN, Infinity, -Infinity, 1e400]", allowsNonFinite: true) {
      try $0.numbers(into: &values)
    }
    #expect(values[0].isNaN)
    #expect(Array(values[1...]) == [.infinity, -.infinity, .infinity])
    #expect(throws: JSONError.self) { try scan("Nan", allowsNonFinite: true) { try $0.number() } }
  }

  @Test("Whole numbers may be written with an exponent, but must be whole and fit")
  func integers() throws {
    #expect(try scan("12e2") { try $0.integer() } == 1200)
    #expect(try scan("-9007199254740992") { try $0.integer() } == -9_007_199_254_740_992)
    var values: [Int32] = []
    try scan("[2147483647, -2147483648, 0]") { try $0.integers(into: &values) }
    #expect(values == [.max, .min, 0])
    for text in ["1.5", "1e300"] {
      #expect(throws: JSONError.self) { try scan(text) { try $0.integer() } }
    }
    let error = try #require(throws: JSONError.self) {
      try scan("[1, 2147483648]") { try $0.integers(into: &values) }
    }
    #expect(error.offset == 4)
  }

  @Test("A number too large for float32 is refused, not made infinite")
  func tooLargeForFloat() throws {
    var values: [Float] = []
    let error = try #require(throws: JSONError.self) {
      try scan("[1, 1e39]") { try $0.floats(into: &values) }
    }
    #expect(error.offset == 4)
  }
}
