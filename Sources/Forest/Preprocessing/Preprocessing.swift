/// Turns the columns that a caller sends into those that an ensemble reads.
///
/// Scalers, imputers, encoders and selections all make each of their columns of *one* column; one
/// after another, or side by side, they still do. So a pipeline of them is one list of columns, and
/// nothing needs a graph. The exception is a row that is divided by its own length.
public struct Preprocessing: Sendable, Equatable {
  /// A column and the steps that its values go through.
  public struct Column: Sendable, Equatable {
    /// The column of the stage's input.
    public let source: Int
    /// The steps, in order.
    public let operations: [ColumnOperation]

    /// A column.
    public init(_ source: Int, _ operations: [ColumnOperation] = []) {
      self.source = source
      self.operations = operations
    }
  }

  /// What is the length of a row.
  public enum Norm: Sendable {
    /// The sum of the magnitudes.
    case sum
    /// The root of the sum of the squares.
    case euclidean
    /// The largest magnitude.
    case largest
  }

  /// A step on whole rows.
  public enum Stage: Sendable, Equatable {
    /// Makes these columns.
    case columns([Column])
    /// Divides each row by its length, unless that is 0.
    case normalize(Norm, roundsToFloat: Bool)
  }

  /// The number of columns that a caller sends.
  public let columnCount: Int
  /// The steps, in order.
  public let stages: [Stage]
  /// The number of columns that come out.
  public let outputCount: Int

  /// The most columns of a stage, and steps of all of its columns.
  public static let maximumSize = 1 << 20

  /// Checks that the stages fit each other; neighbours that only make columns become one.
  ///
  /// - Throws: ``EnsembleError`` when a column's source does not exist, or there are too many.
  public init(columnCount: Int, stages: [Stage]) throws(EnsembleError) {
    var joined: [Stage] = []
    var count = columnCount
    for stage in stages {
      guard case .columns(let columns) = stage else {
        joined.append(stage)
        continue
      }
      if let column = columns.first(where: { $0.source < 0 || $0.source >= count }) {
        throw EnsembleError("column \(column.source) is asked for, but there are \(count)")
      }
      count = columns.count
      guard case .columns(let former)? = joined.last else {
        joined.append(stage)
        continue
      }
      let size = columns.reduce(0) { $0 + former[$1.source].operations.count + $1.operations.count }
      guard size <= Self.maximumSize else {
        throw EnsembleError("the columns take more than \(Self.maximumSize) steps")
      }
      joined[joined.count - 1] = .columns(
        columns.map {
          Column(former[$0.source].source, former[$0.source].operations + $0.operations)
        }
      )
    }
    guard columnCount <= Self.maximumSize, count <= Self.maximumSize else {
      throw EnsembleError("there are more than \(Self.maximumSize) columns")
    }
    self.columnCount = columnCount
    self.stages = joined
    outputCount = count
  }

  /// Whether it changes nothing.
  public var isIdentity: Bool {
    switch stages.count {
    case 0: true
    case 1: stages[0] == .columns((0..<columnCount).map { Column($0) })
    default: false
    }
  }

  /// The caller's column that each column is made of; nil where whole rows are made of whole rows.
  public var sources: [Int]? {
    switch stages.first {
    case nil: Array(0..<columnCount)
    case .columns(let columns) where stages.count == 1: columns.map(\.source)
    default: nil
    }
  }

  /// The rows that the ensemble reads.
  ///
  /// - Precondition: the matrix has ``columnCount`` columns.
  public func apply(_ matrix: Matrix) -> Matrix {
    precondition(matrix.columnCount == columnCount, "wrong number of columns")
    var values: [Float] = []
    values.reserveCapacity(matrix.rowCount * outputCount)
    var row: [Double] = []
    var next: [Double] = []
    for index in 0..<matrix.rowCount {
      row.removeAll(keepingCapacity: true)
      for value in matrix[row: index] { row.append(Double(value)) }
      for stage in stages {
        switch stage {
        case .columns(let columns):
          next.removeAll(keepingCapacity: true)
          for column in columns {
            var value = row[column.source]
            for operation in column.operations { value = operation.apply(to: value) }
            next.append(value)
          }
          swap(&row, &next)
        case .normalize(let norm, let roundsToFloat):
          norm.normalize(&row, roundsToFloat: roundsToFloat)
        }
      }
      for value in row { values.append(Float(value)) }
    }
    return Matrix(rowCount: matrix.rowCount, columnCount: outputCount, values: values)
  }
}

extension Preprocessing.Norm {
  fileprivate func normalize(_ row: inout [Double], roundsToFloat: Bool) {
    let length =
      switch self {
      case .sum: row.reduce(0) { $0 + $1.magnitude }
      case .euclidean: row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      case .largest: row.reduce(0) { max($0, $1.magnitude) }
      }
    guard length != 0 else { return }
    for index in row.indices {
      row[index] /= length
      if roundsToFloat { row[index] = Double(Float(row[index])) }
    }
  }
}
