/// A dense, row-major table of float32 values: what a client sends and an engine reads.
///
/// A missing value is NaN. Categorical features hold the category's code (0, 1, 2, …).
public struct Matrix: Sendable, Equatable {
  /// The number of rows; may be 0.
  public let rowCount: Int
  /// The number of values in each row.
  public let columnCount: Int
  /// `rowCount * columnCount` values, row after row.
  public let values: [Float]

  /// Wraps values that lie row after row.
  ///
  /// - Precondition: `values.count == rowCount * columnCount`.
  public init(rowCount: Int, columnCount: Int, values: [Float]) {
    precondition(values.count == rowCount * columnCount, "the values do not fill the matrix")
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.values = values
  }

  /// The values of one row.
  ///
  /// - Precondition: `0 <= index < rowCount`.
  public subscript(row index: Int) -> ArraySlice<Float> {
    values[index * columnCount..<(index + 1) * columnCount]
  }
}
