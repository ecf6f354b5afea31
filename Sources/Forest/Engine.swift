/// Computes margins with one forest. An engine never changes after it is made.
public protocol Engine: Sendable {
  /// The margins of each row.
  ///
  /// - Parameter matrix: rows of the forest's `featureCount` values.
  /// - Returns: row-major margins, `rowCount * outputCount` of them.
  /// - Precondition: the matrix has `featureCount` columns.
  func margins(_ matrix: Matrix) -> [Float]
}

/// The plain engine: follows each tree from its root, one row after another.
///
/// It is the truth that every other engine is tested against.
public struct ReferenceEngine: Engine {
  private let forest: Forest

  /// An engine for this forest.
  public init(_ forest: Forest) {
    self.forest = forest
  }

  /// The margins of each row, computed one row after another; see ``Engine/margins(_:)``.
  public func margins(_ matrix: Matrix) -> [Float] {
    precondition(matrix.columnCount == forest.featureCount, "wrong number of features")
    var margins: [Float] = []
    margins.reserveCapacity(matrix.rowCount * forest.outputCount)
    for row in 0..<matrix.rowCount {
      let start = margins.count
      margins += forest.baseMargins
      let values = matrix[row: row]
      for tree in forest.trees {
        margins[start + tree.output] += leaf(of: tree, for: values)
      }
    }
    return margins
  }

  private func leaf(of tree: Tree, for values: ArraySlice<Float>) -> Float {
    var position = 0
    while true {
      switch tree.nodes[position] {
      case .leaf(let value): return value
      case .split(let split):
        position = split.child(for: values[values.startIndex + split.feature])
      }
    }
  }
}
