import ForestKernels

/// The different thresholds that a forest compares each feature with.
///
/// What matters of a value is only its rank among them: the answer to every question of the feature
/// follows from it.
struct Thresholds {
  struct Column {
    let feature: Int
    /// Ascending, each once.
    fileprivate(set) var values: [Float] = []
    /// Whether there are questions that a missing value answers with no, and with yes.
    fileprivate(set) var missingNo = false
    fileprivate(set) var missingYes = false
  }

  /// The features that are asked about, in ascending order.
  private(set) var columns: [Column]
  /// Where each feature's column is; -1 if it is never asked about.
  private let columnOfFeature: [Int]

  /// Collects them.
  ///
  /// - Throws: ``UnsuitableForest`` if something else than a threshold is asked about.
  init(_ forest: Forest) throws(UnsuitableForest) {
    var byFeature = (0..<forest.featureCount).map { Column(feature: $0) }
    for tree in forest.trees {
      for case .split(let split) in tree.nodes {
        guard case .below(let threshold) = split.condition else {
          throw UnsuitableForest("it takes comparisons with thresholds only")
        }
        byFeature[split.feature].values.append(threshold)
        if split.missing == split.no {
          byFeature[split.feature].missingNo = true
        } else {
          byFeature[split.feature].missingYes = true
        }
      }
    }
    var columnOfFeature = [Int](repeating: -1, count: forest.featureCount)
    columns = []
    for var column in byFeature where !column.values.isEmpty {
      column.values.sort()
      column.values = column.values.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
      columnOfFeature[column.feature] = columns.count
      columns.append(column)
    }
    self.columnOfFeature = columnOfFeature
  }

  /// The column that a split asks about, and which of its thresholds it compares with.
  func question(_ split: Split) -> (column: Int, rank: Int) {
    guard case .below(let threshold) = split.condition else {
      preconditionFailure("checked in init")
    }
    let column = columnOfFeature[split.feature]
    let values = columns[column].values
    var low = 0
    var high = values.count
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < threshold { low = middle + 1 } else { high = middle }
    }
    return (column, low)
  }
}

/// Thresholds laid out for the kernels (see `fk_column`).
struct ThresholdTable {
  private(set) var values: [Float] = []

  /// Adds the thresholds of a column; returns where they start.
  mutating func append(_ thresholds: [Float]) -> UInt32 {
    let count = thresholds.count
    guard count > FK_FEW, count <= FK_MANY else {
      defer { values += thresholds }
      return UInt32(values.count)
    }
    let padded = thresholds + Array(repeating: .infinity, count: FK_PADDED - count)
    values += (0..<16).map { padded[16 * $0 + 15] }
    defer { values += padded }
    return UInt32(values.count)
  }
}
