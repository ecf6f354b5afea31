/// Leaves that are linear models of the row, as in LightGBM's linear trees: one for each row of the
/// tree's ``LeafTable``, which holds what a leaf comes to when a feature that it asks for is missing.
public struct LinearLeaves: Sendable, Equatable {
  /// The term of a leaf that no feature multiplies.
  public let constants: [Double]
  /// Where the terms of each leaf start, and the number of all terms.
  public let starts: [Int]
  /// The feature of each term.
  public let features: [Int32]
  /// What each term multiplies its feature by.
  public let coefficients: [Double]

  /// The number of leaves.
  public var count: Int { constants.count }

  /// Describes linear leaves; ``Forest`` checks the features.
  ///
  /// - Parameter counts: the number of terms of each leaf.
  /// - Precondition: there are as many counts as constants, none negative; they add up to the number
  ///   of features, and there is a coefficient for each.
  public init(constants: [Double], counts: [Int], features: [Int32], coefficients: [Double]) {
    precondition(counts.count == constants.count, "a leaf has no number of terms")
    var starts = [0]
    for count in counts {
      precondition(count >= 0, "a number of terms is negative")
      starts.append(starts[starts.count - 1] + count)
    }
    precondition(
      starts[counts.count] == features.count && coefficients.count == features.count,
      "the terms are not as many as the leaves say")
    self.constants = constants
    self.starts = starts
    self.features = features
    self.coefficients = coefficients
  }

  /// The value of a leaf for a row: the constant plus each term in order, in float64; nil where a
  /// feature is missing.
  func value(of leaf: Int, for row: Span<Float>) -> Double? {
    var sum = constants[leaf]
    for term in starts[leaf]..<starts[leaf + 1] {
      let value = row[Int(features[term])]
      if value.isNaN { return nil }
      sum += coefficients[term] * Double(value)
    }
    return sum
  }
}
