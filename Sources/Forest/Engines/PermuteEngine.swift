import ForestKernels

/// One row at a time: holds the row in vector registers and answers the same node of 64 trees in one
/// instruction (`Permute.c` explains).
///
/// Limits: AVX-512 VBMI; float32 sums, one value a leaf, trees of at most 8 levels, thresholds only, at
/// most 255 a feature, and at most 256 features (of which those count twice that are missing in both
/// directions).
public struct PermuteEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest

  private let columns: Table<fk_byte_column>
  private let byteCount: Int
  private let thresholds: Table<Float>
  private let groups: Table<fk_lane_group>
  private let questions: Table<UInt8>
  private let leaves: Table<UInt32>
  private let outputs: Table<UInt32>
  private let leafValues: Table<Float>
  /// Whether the trees add to one output after the other, round by round.
  private let takesTurns: Bool

  /// Builds the tables of a forest.
  ///
  /// - Throws: ``UnsuitableForest`` if it is beyond the limits.
  /// - Precondition: the processor has AVX-512 VBMI.
  public init(_ forest: Forest) throws(UnsuitableForest) {
    try self.init(CompleteForest(forest))
  }

  init(_ complete: CompleteForest) throws(UnsuitableForest) {
    precondition(InstructionSet.best >= .avx512vbmi, "this processor has no AVX-512 VBMI")
    let forest = complete.forest
    var byteCount = 0
    func side(_ used: Bool) -> Int32 {
      guard used else { return -1 }
      defer { byteCount += 1 }
      return Int32(byteCount)
    }
    var thresholds = ThresholdTable()
    var columns: [fk_byte_column] = []
    for column in complete.thresholds.columns {
      guard column.values.count <= FK_MANY else {
        throw UnsuitableForest(
          "it takes at most \(FK_MANY) thresholds a feature, but feature \(column.feature) has "
            + "\(column.values.count)")
      }
      columns.append(
        fk_byte_column(
          feature: UInt32(column.feature), thresholds: thresholds.append(column.values),
          count: UInt32(column.values.count), missing_no: side(column.missingNo),
          missing_yes: side(column.missingYes)))
    }
    guard byteCount <= 256 else {
      throw UnsuitableForest("it takes at most 256 bytes a row, not \(byteCount)")
    }

    var groups: [fk_lane_group] = []
    var questions: [UInt8] = []
    for first in stride(from: 0, to: forest.trees.count, by: 64) {
      let trees = complete.trees[first..<min(first + 64, forest.trees.count)]
      let depth = trees.map(\.depth).max() ?? 0
      let start = questions.count
      groups.append(fk_lane_group(depth: UInt32(depth), questions: UInt32(start)))
      // Limit 0, which no byte is below, where a tree has no question.
      questions += repeatElement(0, count: ((1 << depth) - 1) * 128)
      let postOrder = Self.postOrder(depth: depth)
      for (lane, tree) in trees.enumerated() {
        for question in tree.questions {
          let (column, rank) = complete.thresholds.places[Int(question.number)]
          let sides = columns[Int(column)]
          let at = start + postOrder[Int(question.place)] * 128 + lane
          questions[at] = UInt8(question.missingYes ? sides.missing_yes : sides.missing_no)
          questions[at + 64] = UInt8(rank + 1)
        }
      }
    }
    self.forest = forest
    self.columns = Table(columns)
    self.byteCount = byteCount
    self.thresholds = Table(thresholds.values)
    self.groups = Table(groups)
    self.questions = Table(questions)
    leaves = complete.firstLeaf
    leafValues = complete.leaves
    outputs = Table(forest.trees.map { UInt32($0.output) })
    takesTurns = forest.trees.indices.allSatisfy {
      forest.trees[$0].output == $0 % forest.outputCount
    }
  }

  /// Writes the margins of each row.
  public func margins(
    of rows: Span<Float>, trees: Range<Int>, into margins: inout MutableSpan<Float>
  ) {
    let rowCount = rowCount(of: rows, trees: trees, marginCount: margins.count)
    guard rowCount > 0 else { return }
    var lanes = fk_lanes(
      columns: columns.pointer, column_count: columns.count, byte_count: byteCount,
      thresholds: thresholds.pointer, feature_count: forest.featureCount, groups: groups.pointer,
      questions: questions.pointer, leaves: leaves.pointer, outputs: outputs.pointer,
      leaf_values: leafValues.pointer, takes_turns: takesTurns ? 1 : 0)
    let outputCount = forest.outputCount
    rows.withUnsafeBufferPointer { rows in
      margins.withUnsafeMutableBufferPointer { margins in
        // Safe: rows and margins were checked to be those of rowCount rows; the base address is
        // missing only if there are no features, and then no column reads it.
        let rows = rows.baseAddress ?? UnsafePointer(margins.baseAddress!)
        for row in 0..<rowCount {
          let sums = margins.baseAddress! + row * outputCount
          for output in 0..<outputCount { sums[output] = forest.baseMargins[output] }
          fk_permute_add(
            &lanes, rows + row * forest.featureCount, trees.lowerBound, trees.upperBound,
            outputCount, sums)
        }
      }
    }
  }

  /// By place in a complete tree, the number of nodes before it: first all of the no-side, then all of
  /// the yes-side, then the node.
  private static func postOrder(depth: Int) -> [Int] {
    var order = [Int](repeating: 0, count: 1 << depth)
    var next = 0
    func visit(_ place: Int) {
      guard place < order.count else { return }
      visit(2 * place)
      visit(2 * place + 1)
      order[place] = next
      next += 1
    }
    visit(1)
    return order
  }
}
