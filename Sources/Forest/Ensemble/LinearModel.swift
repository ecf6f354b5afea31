/// A linear model: each margin is a bias plus the weighted sum of the features, in their order.
public struct LinearModel: Sendable, Equatable {
  /// The number of values in a row.
  public let featureCount: Int
  /// One row of ``outputCount`` weights a feature.
  public let weights: [Double]
  /// Where the sums start: one value for each margin of a row.
  public let biases: [Double]
  /// What the margins mean.
  public let objective: Objective
  /// Whether products and sums are rounded to float32, as XGBoost's `gblinear` does.
  public let isFloat32: Bool
  /// Whether a missing value adds nothing; otherwise it makes the margin NaN.
  public let skipsMissing: Bool

  /// The number of margins of a row.
  public var outputCount: Int { biases.count }

  /// Checks the numbers and makes a model of them.
  ///
  /// - Throws: ``EnsembleError`` when there are no outputs, the weights do not fill the table, or a
  ///   number is not finite.
  public init(
    featureCount: Int, weights: [Double], biases: [Double], objective: Objective,
    isFloat32: Bool, skipsMissing: Bool
  ) throws(EnsembleError) {
    guard !biases.isEmpty else { throw EnsembleError("there are no outputs") }
    guard featureCount >= 0,
      featureCount.multipliedReportingOverflow(by: biases.count) == (weights.count, false)
    else {
      throw EnsembleError(
        "there are \(weights.count) weights for \(featureCount) features and \(biases.count) outputs"
      )
    }
    guard weights.allSatisfy(\.isFinite), biases.allSatisfy(\.isFinite) else {
      throw EnsembleError("a weight is not a finite number")
    }
    self.featureCount = featureCount
    self.weights = weights
    self.biases = biases
    self.objective = objective
    self.isFloat32 = isFloat32
    self.skipsMissing = skipsMissing
  }

  /// The margins of each row: row-major, ``outputCount`` a row.
  ///
  /// - Precondition: the matrix has ``featureCount`` columns.
  public func margins(_ rows: Matrix) -> [Float] {
    precondition(rows.columnCount == featureCount, "wrong number of features")
    return isFloat32
      ? margins(rows, weights.map(Float.init), biases.map(Float.init))
      : margins(rows, weights, biases)
  }

  private func margins<Value: BinaryFloatingPoint>(
    _ rows: Matrix, _ weights: [Value], _ biases: [Value]
  ) -> [Float] {
    var margins: [Float] = []
    margins.reserveCapacity(rows.rowCount * outputCount)
    for row in 0..<rows.rowCount {
      var sums = biases
      for (feature, value) in rows[row: row].enumerated() where !(skipsMissing && value.isNaN) {
        for output in sums.indices {
          sums[output] += Value(value) * weights[feature * outputCount + output]
        }
      }
      margins += sums.map { Float($0) }
    }
    return margins
  }
}
