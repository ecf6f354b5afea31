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
}
