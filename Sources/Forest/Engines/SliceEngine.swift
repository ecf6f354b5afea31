import ForestKernels

/// Large batches: asks each different question of the forest once for hundreds of rows, one bit a row,
/// and then decides one node of a tree for all of them in one instruction (`Slice.h` explains).
///
/// Limits: float32 sums, one value a leaf, trees of at most 8 levels, thresholds only.
public struct SliceEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest
  /// The instructions it uses.
  public let instructions: InstructionSet
  /// The bits of as many words as the larger kernel takes.
  public var blockRows: Int { large.words * 64 }

  private let columns: Table<fk_column>
  private let thresholds: Table<Float>
  private let trees: Table<fk_tree>
  private let slots: Table<UInt32>
  private let leaves: Table<Float>
  private let small: fk_slice
  private let large: fk_slice
  private let answerBytes: Int
  private let scratch: ScratchPool

  /// Builds the tables of a forest.
  ///
  /// - Throws: ``UnsuitableForest`` if it is beyond the limits.
  public init(_ forest: Forest, instructions: InstructionSet = .best) throws(UnsuitableForest) {
    try self.init(CompleteForest(forest), instructions: instructions)
  }

  init(_ complete: CompleteForest, instructions: InstructionSet) throws(UnsuitableForest) {
    precondition(instructions <= .best, "this processor has no \(instructions)")
    let forest = complete.forest
    // Slot 0 is the question that everyone answers with no.
    var slotCount = 1
    func side(_ used: Bool, _ count: Int) -> Int32 {
      guard used else { return -1 }
      defer { slotCount += count > FK_FEW ? count + 1 : count }
      return Int32(slotCount)
    }
    var thresholds = ThresholdTable()
    let columns = complete.thresholds.columns.map { column in
      fk_column(
        feature: UInt32(column.feature), thresholds: thresholds.append(column.values),
        count: UInt32(column.values.count),
        missing_no: side(column.missingNo, column.values.count),
        missing_yes: side(column.missingYes, column.values.count))
    }
    guard slotCount <= 1 << 22 else {
      throw UnsuitableForest("it takes at most \(1 << 22) different questions")
    }
    var slots = [UInt32](repeating: 0, count: complete.trees.reduce(0) { $0 + (1 << $1.depth) - 1 })
    var trees: [fk_tree] = []
    var first = 0
    for (index, tree) in complete.trees.enumerated() {
      for question in tree.questions {
        let (column, rank) = complete.thresholds.places[Int(question.number)]
        let sides = columns[Int(column)]
        let side = question.missingYes ? sides.missing_yes : sides.missing_no
        slots[first + Int(question.place) - 1] = UInt32(side + rank) * 16
      }
      trees.append(
        fk_tree(
          depth: UInt32(tree.depth), output: UInt32(forest.trees[index].output),
          questions: UInt32(first), leaves: complete.firstLeaf.pointer[index]))
      first += (1 << tree.depth) - 1
    }
    self.forest = forest
    self.instructions = instructions
    leaves = complete.leaves
    self.columns = Table(columns)
    self.thresholds = Table(thresholds.values)
    self.trees = Table(trees)
    self.slots = Table(slots)
    small = fk_slice_kernels(instructions.level, 1)
    large = fk_slice_kernels(instructions.level, .max)
    answerBytes = slotCount * large.words * 8
    scratch = ScratchPool(byteCount: answerBytes + forest.outputCount * large.words * 64 * 4)
  }

  /// Writes the margins of each row.
  public func margins(
    of rows: Span<Float>, trees: Range<Int>, into margins: inout MutableSpan<Float>
  ) {
    let rowCount = rowCount(of: rows, trees: trees, marginCount: margins.count)
    guard rowCount > 0 else { return }
    rows.withUnsafeBufferPointer { rows in
      margins.withUnsafeMutableBufferPointer { margins in
        scratch.withScratch { scratch in
          // Safe: rows and margins were checked to be those of rowCount rows; the base address is
          // missing only if there are no features, and then no question reads it.
          let rows = rows.baseAddress ?? UnsafePointer(margins.baseAddress!)
          add(rows, rowCount, trees, to: margins.baseAddress!, scratch: scratch)
        }
      }
    }
  }

  private func add(
    _ rows: UnsafePointer<Float>, _ rowCount: Int, _ range: Range<Int>,
    to margins: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let outputCount = forest.outputCount
    var questions = fk_questions(
      columns: columns.pointer, column_count: columns.count, thresholds: thresholds.pointer,
      feature_count: forest.featureCount)
    var tables = fk_trees(
      trees: trees.pointer, slots: slots.pointer, leaves: leaves.pointer)
    // Safe: the scratch holds the answers to all slots and then the sums of all outputs for the larger
    // block; every slot, leaf and output was numbered by init, and a tree's leaf number has no more
    // bits than its depth, whatever the answers are.
    let answers = scratch.assumingMemoryBound(to: UInt64.self)
    let sums = (scratch + answerBytes).assumingMemoryBound(to: Float.self)
    var row = 0
    while row < rowCount {
      let left = rowCount - row
      let kernels = left > small.words * 64 ? large : small
      let count = min(left, kernels.words * 64)
      kernels.ask(&questions, rows + row * forest.featureCount, count, answers)
      for output in 0..<outputCount {
        (sums + output * kernels.words * 64).update(
          repeating: forest.baseMargins[output], count: kernels.words * 64)
      }
      kernels.add(&tables, range.lowerBound, range.upperBound, answers, sums)
      for index in 0..<count {
        let position = fk_slice_position(index, kernels.words)
        for output in 0..<outputCount {
          margins[(row + index) * outputCount + output] =
            sums[
              output * kernels.words * 64 + position]
        }
      }
      row += count
    }
  }
}
