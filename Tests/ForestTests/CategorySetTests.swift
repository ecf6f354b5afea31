import Forest
import Testing

struct CategorySetTests {
  @Test("A set holds the codes it was made of")
  func codes() {
    let codes = [0, 1, 63, 64, 1000]
    let set = CategorySet(codes.reversed())
    #expect(set.codes == codes)
    for code in 0..<1100 { #expect(set.contains(Float(code)) == codes.contains(code)) }
    #expect(CategorySet([]).codes == [])
    #expect(!CategorySet([]).contains(0))
  }

  @Test("The largest code fits")
  func limit() {
    let set = CategorySet([CategorySet.limit - 1])
    #expect(set.contains(Float(CategorySet.limit - 1)))
    #expect(!set.contains(Float(CategorySet.limit)))
  }

  @Test(
    "What is no code is no member",
    arguments: [-1, -0.5, .infinity, -.infinity, .nan, 1e10, .greatestFiniteMagnitude] as [Float])
  func strangers(value: Float) {
    #expect(!CategorySet(0..<200).contains(value))
  }

  @Test("Fractions are cut off")
  func fractions() {
    #expect(CategorySet([3]).contains(3.99))
    #expect(!CategorySet([3]).contains(2.99))
  }

  @Test("Values between -1 and 0 are no members, or 0, as the set says")
  func negativeFractions() {
    for value: Float in [-0.5, -.leastNonzeroMagnitude, Float(-1).nextUp] {
      #expect(!CategorySet([0]).contains(value))
      #expect(CategorySet([0], truncatesNegative: true).contains(value))
      #expect(!CategorySet([1], truncatesNegative: true).contains(value))
    }
    #expect(!CategorySet([0, 1], truncatesNegative: true).contains(-1))
    #expect(!CategorySet([0], truncatesNegative: true).contains(.nan))
  }

  @Test("Bits are codes", arguments: [[0], [31], [32], [63], [64], [1, 33, 70, 95]])
  func bits(codes: [Int]) {
    var words = [UInt32](repeating: 0, count: 3)
    for code in codes { words[code / 32] |= 1 << UInt32(code % 32) }
    #expect(CategorySet(bits: words).codes == codes)
  }
}
