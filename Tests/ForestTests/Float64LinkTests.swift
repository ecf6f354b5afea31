import Forest
import Testing

/// Float64 links at values that are known; LightGBM's own are checked with its fixtures.
struct Float64LinkTests {
  private func apply(_ link: Float64Link, _ margins: [Float], outputCount: Int = 1) -> [Float] {
    var values = margins
    Link.float64(link).apply(to: &values, outputCount: outputCount)
    return values
  }

  @Test("The logistic link has a factor, and reaches 0 and 1")
  func logistic() {
    #expect(apply(.logistic(scale: 2), [0, 1000, -1000]) == [0.5, 1, 0])
    #expect(apply(.logistic(scale: 2), [1.5]) == apply(.logistic(scale: 3), [1]))
    #expect(apply(.logistic(scale: 1), [-80]) == [1.8048514e-35])
  }

  @Test("Softmax gives each row probabilities that add up to 1, even of huge margins")
  func softmax() {
    let values = apply(.softmax, [1000, 0, -1000, 5, 5, 5], outputCount: 3)
    #expect(values == [1, 0, 0] + [Float](repeating: 1 / 3, count: 3))
  }

  @Test("The others are their formulas")
  func others() {
    #expect(apply(.probability, [0.25, 1]) == [0.25, 1])
    #expect(apply(.exponential, [0, 1]) == [1, 2.7182817])
    #expect(apply(.softplus, [0, 50, -50]) == [0.6931472, 50, 1.9287499e-22])
    #expect(apply(.signedSquare, [3, -3, 0]) == [9, -9, 0])
  }

  @Test("Probabilities are known as such")
  func probabilities() {
    let links: [Link] = [
      .logistic, .softmax, .float64(.probability), .float64(.logistic(scale: 2)),
      .float64(.softmax),
    ]
    for link in links { #expect(link.givesProbabilities) }
    let others: [Link] = [
      .identity, .hinge, .exponential, .float64(.exponential), .float64(.softplus),
      .float64(.signedSquare),
    ]
    for link in others { #expect(!link.givesProbabilities) }
  }
}
