import Forest

/// The linear models in the leaves of a tree, as LightGBM writes them since 3.2 (`linear_tree`).
struct LightGBMLinearLeaves {
  var constants: [Double] = []
  /// The number of features of each leaf.
  var counts: [Int32] = []
  var features: [Int32] = []
  var coefficients: [Double] = []
  /// Whether a leaf of a dump had a constant of its own.
  private(set) var isUsed = false

  /// Takes a leaf of a dump; one without a constant is a number.
  mutating func append(
    constant: Double?, leaf: Double, features: [Int32], coefficients: [Double]
  ) {
    isUsed = isUsed || constant != nil
    constants.append(constant ?? leaf)
    counts.append(Int32(clamping: features.count))
    self.features += features
    self.coefficients += coefficients
  }

  /// Checks the numbers against each other.
  ///
  /// - Parameter count: the number of leaves of the tree.
  func leaves(count: Int) throws -> LinearLeaves {
    for (name, found) in [("leaf_const", constants.count), ("num_features", counts.count)]
    where found != count {
      throw ModelFormatError(.malformed, "there are \(count) leaves, but \(found) numbers")
        .inside(name)
    }
    let total = counts.reduce(0) { $0 + Int($1) }
    guard counts.allSatisfy({ $0 >= 0 }), total == features.count, total == coefficients.count
    else {
      throw ModelFormatError(
        .malformed,
        "the leaves have \(total) features, but there are \(features.count) and"
          + " \(coefficients.count) coefficients"
      ).inside("num_features")
    }
    return LinearLeaves(
      constants: constants, counts: counts.map(Int.init), features: features,
      coefficients: coefficients)
  }
}
