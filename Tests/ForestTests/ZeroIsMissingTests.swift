import Forest
import Testing

struct ZeroIsMissingTests {
  private func child(for value: Float, zeroIsMissing: Bool) -> Int {
    Split(
      feature: 0, condition: .below(1), yes: 1, no: 2, missing: 2, zeroIsMissing: zeroIsMissing
    ).child(for: value)
  }

  @Test(
    "Zero and what is taken for it goes where missing values go",
    arguments: [0, -0.0, 1e-35, -1e-35, .leastNonzeroMagnitude, .nan] as [Float])
  func zeros(value: Float) {
    #expect(child(for: value, zeroIsMissing: true) == 2)
    #expect(child(for: value, zeroIsMissing: false) == (value.isNaN ? 2 : 1))
  }

  @Test(
    "Other values do not",
    arguments: [1.0000001e-35, -1.0000001e-35, 0.5, -1, -.infinity] as [Float])
  func others(value: Float) {
    #expect(child(for: value, zeroIsMissing: true) == 1)
  }
}
