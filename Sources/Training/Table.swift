/// Rows and named columns of float32 values, one of the columns being the label.
///
/// A missing value is NaN. A column with text in it holds codes into its categories.
public struct Table: Sendable {
  /// One column: its name, what its values mean and their range.
  public struct Column: Sendable, Equatable {
    /// The name, unique in the table.
    public let name: String
    /// The texts by code, in order, when the column holds text; otherwise nil.
    public internal(set) var categories: [String]?
    /// Whether all values are there and are whole numbers.
    public internal(set) var isWhole = true
    /// The smallest and the largest number, if there is any.
    public internal(set) var range: ClosedRange<Float>?
    /// Where the first text stands that is not a number.
    public internal(set) var firstText: Place?

    init(name: String) { self.name = name }
  }

  /// A line and a byte in it, both counted from 1.
  public struct Place: Sendable, Equatable {
    /// The line.
    public let line: Int
    /// The byte in the line.
    public let column: Int
  }

  /// The file, or the name of a bundled table.
  public let source: String
  /// The SHA-256 of the bytes that the table was read from, in hexadecimal.
  public let sha256: String
  /// The columns, in order, with the label among them.
  public internal(set) var columns: [Column]
  /// The position of the label in ``columns``.
  public let labelIndex: Int
  /// The number of rows.
  public internal(set) var rowCount = 0
  /// Row-major, `rowCount` x `columns.count`.
  var values: [Float] = []

  init(source: String, sha256: String, columns: [Column], labelIndex: Int) {
    self.source = source
    self.sha256 = sha256
    self.columns = columns
    self.labelIndex = labelIndex
  }

  /// The column that is to be predicted.
  public var label: Column { columns[labelIndex] }

  /// The label's value in a row.
  public func label(ofRow row: Int) -> Float { values[row * columns.count + labelIndex] }

  /// The values of these rows without their labels, row-major.
  public func features(ofRows rows: some Collection<Int>) -> [Float] {
    let width = columns.count
    return [Float](unsafeUninitializedCapacity: rows.count * (width - 1)) { buffer, count in
      for row in rows {
        let start = row * width
        for index in start..<start + width where index != start + labelIndex {
          // Safe: the capacity is a value a row and feature.
          buffer.initializeElement(at: count, to: values[index])
          count += 1
        }
      }
    }
  }
}
