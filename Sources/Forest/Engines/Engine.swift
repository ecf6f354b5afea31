/// Computes margins with one forest.
///
/// An engine never changes after it is made, takes no lock and allocates nothing in a call: any
/// number of threads may use one at once.
public protocol Engine: Sendable {
  /// The forest whose margins these are.
  var forest: Forest { get }
  /// How many rows are computed together: a batch is best cut at multiples of this.
  var blockRows: Int { get }

  /// Writes the margins of each row.
  ///
  /// - Parameters:
  ///   - rows: row-major values, `featureCount` a row; NaN where a value is missing.
  ///   - trees: the trees whose leaves are added, as XGBoost's `iteration_range` chooses them.
  ///   - margins: receives `outputCount` values a row, row-major.
  /// - Precondition: the margins are a whole number of rows, the values are those of as many rows,
  ///   and the trees are trees of the forest.
  func margins(of rows: Span<Float>, trees: Range<Int>, into margins: inout MutableSpan<Float>)
}

extension Engine {
  /// One: rows are computed one after another.
  public var blockRows: Int { 1 }

  /// Writes the margins of each row, with all trees.
  public func margins(of rows: Span<Float>, into margins: inout MutableSpan<Float>) {
    self.margins(of: rows, trees: forest.trees.indices, into: &margins)
  }

  /// The margins of each row: row-major, `outputCount` a row.
  ///
  /// - Precondition: the matrix has `featureCount` columns.
  public func margins(_ matrix: Matrix, trees: Range<Int>? = nil) -> [Float] {
    precondition(matrix.columnCount == forest.featureCount, "wrong number of features")
    var margins = [Float](repeating: 0, count: matrix.rowCount * forest.outputCount)
    var span = margins.mutableSpan
    self.margins(of: matrix.values.span, trees: trees ?? forest.trees.indices, into: &span)
    return margins
  }

  /// The number of rows, after checking that the three arguments fit each other and the forest.
  func rowCount(of rows: borrowing Span<Float>, trees: Range<Int>, marginCount: Int) -> Int {
    let (rowCount, rest) = marginCount.quotientAndRemainder(dividingBy: forest.outputCount)
    precondition(rest == 0, "the margins are no whole number of rows")
    precondition(rows.count == rowCount * forest.featureCount, "rows and margins differ in number")
    precondition(
      trees.lowerBound >= 0 && trees.upperBound <= forest.trees.count, "trees out of range")
    return rowCount
  }
}
