/// Tells how much each feature of a row moved each margin: exact SHAP values of the trees, with the
/// covers of the nodes as the background ("path-dependent").
///
/// These are what XGBoost's and LightGBM's `pred_contrib` and, for pairs of features, XGBoost's
/// `pred_interactions` tell. For each margin they sum to the margin.
///
/// An explainer never changes after it is made: any number of threads may use one at once.
///
/// Source: Lundberg, Erion, Lee, "Consistent Individualized Feature Attribution for Tree Ensembles",
/// arXiv:1802.03888.
public protocol Explainer: Sendable {
  /// The forest that is explained.
  var forest: Forest { get }

  /// Writes the contribution of each feature to each margin, and the expected margin last.
  ///
  /// - Parameters:
  ///   - rows: row-major values, `featureCount` a row; NaN where a value is missing.
  ///   - values: receives `outputCount * (featureCount + 1)` values a row, row-major.
  /// - Precondition: the values are a whole number of rows, and the rows are as many.
  func contributions(of rows: Span<Float>, into values: inout MutableSpan<Float>)

  /// Writes the interaction of each pair of features in each margin.
  ///
  /// They are a symmetric matrix. Half of what two features do together stands on either side of
  /// the diagonal, what a feature does by itself on the diagonal, and the expected margin last; a
  /// feature's row sums to its contribution.
  ///
  /// - Parameters:
  ///   - rows: row-major values, `featureCount` a row; NaN where a value is missing.
  ///   - values: receives `outputCount * (featureCount + 1) * (featureCount + 1)` values a row.
  /// - Precondition: the values are a whole number of rows, and the rows are as many.
  func interactions(of rows: Span<Float>, into values: inout MutableSpan<Float>)
}

extension Explainer {
  /// The number of contributions to one margin: one a feature and the expected margin.
  var columnCount: Int { forest.featureCount + 1 }

  /// The contributions of each row: rows × outputs × (features + 1).
  ///
  /// - Precondition: the matrix has `featureCount` columns.
  public func contributions(_ matrix: Matrix) -> [Float] {
    precondition(matrix.columnCount == forest.featureCount, "wrong number of features")
    let count = matrix.rowCount * forest.outputCount * columnCount
    var values = [Float](repeating: 0, count: count)
    var span = values.mutableSpan
    contributions(of: matrix.values.span, into: &span)
    return values
  }

  /// The interactions of each row: rows × outputs × (features + 1) × (features + 1).
  ///
  /// - Precondition: the matrix has `featureCount` columns.
  public func interactions(_ matrix: Matrix) -> [Float] {
    precondition(matrix.columnCount == forest.featureCount, "wrong number of features")
    let count = matrix.rowCount * forest.outputCount * columnCount * columnCount
    var values = [Float](repeating: 0, count: count)
    var span = values.mutableSpan
    interactions(of: matrix.values.span, into: &span)
    return values
  }

  /// The number of rows, after checking that rows and values fit each other and the forest.
  func rowCount(of rows: borrowing Span<Float>, valueCount: Int, perRow: Int) -> Int {
    let (rowCount, rest) = valueCount.quotientAndRemainder(dividingBy: perRow)
    precondition(rest == 0, "the values are no whole number of rows")
    precondition(rows.count == rowCount * forest.featureCount, "rows and values differ in number")
    return rowCount
  }
}
