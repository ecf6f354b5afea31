/// The plain engine: follows each tree from its root, one row after another.
///
/// It is the truth that every other engine is tested against, and the only one that does not care
/// about speed (it allocates).
public struct ReferenceEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest

  /// An engine for this forest.
  public init(_ forest: Forest) {
    self.forest = forest
  }

  /// Writes the margins of each row.
  public func margins(
    of rows: Span<Float>, trees: Range<Int>, into margins: inout MutableSpan<Float>
  ) {
    let rowCount = rowCount(of: rows, trees: trees, marginCount: margins.count)
    for row in 0..<rowCount {
      let values = rows.extracting(row * forest.featureCount..<(row + 1) * forest.featureCount)
      let sums = self.margins(of: values, trees: trees)
      for output in sums.indices { margins[row * forest.outputCount + output] = sums[output] }
    }
  }

  private func margins(of row: Span<Float>, trees: Range<Int>) -> [Float] {
    switch forest.summation {
    case .float32:
      return sums(of: row, trees: trees, from: forest.baseMargins)
    case .float64:
      return sums(of: row, trees: trees, from: forest.baseMargins.map(Double.init)).map(Float.init)
    case .mean:
      let zeros = [Double](repeating: 0, count: forest.outputCount)
      let sums = sums(of: row, trees: trees, from: zeros)
      return forest.baseMargins.indices.map { output in
        let count = forest.treeCount(addingTo: output, in: trees)
        return Float(Double(forest.baseMargins[output]) + sums[output] / Double(max(count, 1)))
      }
    }
  }

  private func sums<Value: BinaryFloatingPoint>(
    of row: Span<Float>, trees: Range<Int>, from base: [Value]
  ) -> [Value] {
    var sums = base
    for tree in forest.trees[trees] {
      let leaf = tree.leaf(for: row)
      if let value = tree.linearValue(at: leaf, for: row) {
        sums[tree.output] += Value(value)
        continue
      }
      for (offset, value) in tree.leafValues(at: leaf).enumerated() {
        sums[tree.output + offset] += Value(value)
      }
    }
    return sums
  }
}

extension Forest {
  /// The number of trees in a range that add to a margin.
  func treeCount(addingTo output: Int, in range: Range<Int>) -> Int {
    trees[range].count { $0.output <= output && output < $0.output + $0.width }
  }
}

extension Tree {
  /// The position of the leaf that a row ends in.
  func leaf(for row: Span<Float>) -> Int {
    var position = 0
    while case .split(let split) = nodes[position] {
      position = split.child(for: row[split.feature])
    }
    return position
  }

  /// What the leaf at a position adds where it is a linear model and no feature of it is missing.
  func linearValue(at position: Int, for row: Span<Float>) -> Double? {
    guard let linearLeaves, case .leafRow(let leaf) = nodes[position] else { return nil }
    return linearLeaves.value(of: leaf, for: row)
  }

  /// What the leaf at a position adds: to the tree's output, and to those after it.
  ///
  /// - Precondition: there is a leaf.
  func leafValues(at position: Int) -> [Double] {
    switch nodes[position] {
    case .leaf(let value): return [Double(value)]
    case .leafRow(let row): return leaves.map { Array($0[row]) } ?? []
    case .split: preconditionFailure("not a leaf")
    }
  }
}
