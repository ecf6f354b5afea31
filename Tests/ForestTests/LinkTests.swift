import Forest
import Testing

/// Links against formulas in Double; the bits of XGBoost are checked with its fixtures.
struct LinkTests {
  static let margins: [Float] = [-200, -88.8, -20, -1, -0.0, 0, 0.5, 1, 20, 88.8, 200]

  private func apply(_ link: Link, outputCount: Int = 1, _ margins: [Float] = margins) -> [Float] {
    var values = margins
    link.apply(to: &values, outputCount: outputCount)
    return values
  }

  @Test("The identity leaves margins alone")
  func identity() {
    #expect(apply(.identity) == Self.margins)
  }

  @Test("The logistic link gives probabilities, even of huge margins")
  func logistic() {
    for (margin, value) in zip(Self.margins, apply(.logistic)) {
      let exact = 1 / (1 + exponential(-Double(max(margin, -88.7))))
      #expect(abs(Double(value) - exact) <= 1e-6 * exact)
      #expect(0...1 ~= value)
    }
    #expect(apply(.logistic, [0]) == [0.5])
  }

  @Test("The hinge is 1 above 0 only")
  func hinge() {
    #expect(apply(.hinge, [-1, -0.0, 0, .leastNonzeroMagnitude, 3]) == [0, 0, 0, 1, 1])
  }

  @Test("The exponential link overflows to infinity and underflows to 0")
  func exponentialLink() {
    #expect(apply(.exponential, [0, 200, -200]) == [1, .infinity, 0])
    let value = Double(apply(.exponential, [1])[0])
    #expect(abs(value - exponential(1)) < 1e-6)
  }

  @Test("Softmax gives each row probabilities that add up to 1, even of huge margins")
  func softmax() {
    let rows: [Float] = [1, 2, 3, 1000, 0, -1000, 5, 5, 5]
    let values = apply(.softmax, outputCount: 3, rows)
    for start in stride(from: 0, to: 9, by: 3) {
      let sum = values[start..<start + 3].reduce(0, +)
      #expect(abs(sum - 1) < 1e-6)
    }
    #expect(Array(values[3..<6]) == [1, 0, 0])
    #expect(values[6] == values[8])
    let exact = exponential(3) / (exponential(1) + exponential(2) + exponential(3))
    #expect(abs(Double(values[2]) - exact) < 1e-6)
  }

  /// e to the power of x, by halving and a series: no C library, so that it checks one.
  private func exponential(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    let small = x / 1024
    for index in 1...12 {
      term *= small / Double(index)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
  }
}
