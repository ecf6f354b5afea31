import ForestKernels

/// Any forest, any batch: walks many trees of one row, or many rows of one tree, at the same time and
/// without branches, four levels to a cache line (`Walk.h` explains).
///
/// Limits: leaves are numbers, and what it keeps of the sets of categories takes at most 64 MiB.
public struct WalkEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest
  /// Those that walk through a tree at the same time.
  public var blockRows: Int { Self.walkers }
  private let tables: WalkTables
  /// The bytes of a row's words and of its sums.
  private let wordBytes, sumBytes: Int
  private let passRows: Int
  private let blocks: ScratchPool

  private static let walkers = Int(FK_WALKERS)
  private static let leafBytes = walkers * MemoryLayout<UInt32>.stride
  /// Fewer rows go one after another, each through all trees; more go together through each tree.
  private static let fewRows = 32
  /// More than this much scratch is not put onto the stack.
  private static let stackLimit = 1 << 15

  /// Builds the tables of a forest.
  ///
  /// - Throws: ``UnsuitableForest`` if it is beyond the limits.
  public init(_ forest: Forest, instructions: InstructionSet = .best) throws(UnsuitableForest) {
    try self.init(forest, instructions: instructions, isWide: false)
  }

  /// The same, in words of 32 bits if wide, and with lists of the sets that each category is in where
  /// a table of answers would take more bytes.
  init(
    _ forest: Forest, instructions: InstructionSet, isWide: Bool = false,
    tableLimit: Int = 1 << 24
  ) throws(UnsuitableForest) {
    precondition(instructions <= .best, "this processor has no \(instructions)")
    guard !forest.hasLinearLeaves else {
      throw UnsuitableForest("it takes leaves that are numbers only")
    }
    self.forest = forest
    tables = try WalkTables(forest, instructions, isWide: isWide, tableLimit: tableLimit)
    sumBytes =
      switch tables.sums {
      case .float32(let leaves): leaves.sumBytes
      case .float64(let leaves): leaves.sumBytes
      }
    wordBytes = (tables.rowBytes + 7) & ~7
    // While a tree's blocks are in the cache, as many rows as also fit walk through it.
    passRows = max(256, (1 << 18) / (wordBytes + sumBytes) / 64 * 64)
    blocks = ScratchPool(byteCount: Self.leafBytes + passRows * (wordBytes + sumBytes))
  }

  /// Writes the margins of each row.
  public func margins(
    of rows: Span<Float>, trees: Range<Int>, into margins: inout MutableSpan<Float>
  ) {
    let rowCount = rowCount(of: rows, trees: trees, marginCount: margins.count)
    guard rowCount > 0 else { return }
    rows.withUnsafeBufferPointer { rows in
      margins.withUnsafeMutableBufferPointer { margins in
        // Safe: rows and margins were checked to be those of rowCount rows; the base address is
        // missing only if there are no features, and then no word is made of one.
        let target = margins.baseAddress!
        let call = WalkCall(
          rows: rows.baseAddress ?? UnsafePointer(target), rowCount: rowCount, trees: trees)
        let scratchBytes = Self.leafBytes + wordBytes + sumBytes
        if rowCount >= Self.fewRows || scratchBytes > Self.stackLimit {
          blocks.withScratch { add(call, into: target, scratch: $0) }
        } else {
          CallOnStack(engine: self, call: call, margins: target).run(scratchBytes)
        }
      }
    }
  }

  fileprivate func add(
    _ call: WalkCall, into margins: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    switch tables.sums {
    case .float32(let leaves): add(call, leaves, into: margins, scratch: scratch)
    case .float64(let leaves): add(call, leaves, into: margins, scratch: scratch)
    }
  }

  private func add<Sum>(
    _ call: WalkCall, _ leaves: LeafSums<Sum>, into margins: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    var tables = tables.pointers()
    let kernels = self.tables.kernels
    let roots = self.tables.roots.pointer
    let (features, outputs) = (forest.featureCount, forest.outputCount)
    let together = call.rowCount >= Self.fewRows
    let passRows = together ? passRows : 1
    let lanes = together ? Self.walkers : 1
    // Safe: the scratch has room for the leaves, and the words and sums of so many rows. A block
    // leads only to blocks of its tree and asks only for words that encode has written, and every
    // exit that can be reached has a leaf.
    let reached = scratch.assumingMemoryBound(to: UInt32.self)
    let words = scratch + Self.leafBytes
    let sums = (words + passRows * wordBytes).assumingMemoryBound(to: Sum.self)
    for row in stride(from: 0, to: call.rowCount, by: passRows) {
      let count = min(passRows, call.rowCount &- row)
      for first in stride(from: 0, to: count, by: Self.walkers) {
        kernels.encode(
          &tables, call.rows + (row &+ first) &* features, min(Self.walkers, count &- first),
          words + first &* wordBytes, lanes)
      }
      for index in 0..<count { leaves.start(sums + index &* outputs) }
      if together {
        for tree in call.trees {
          for first in stride(from: 0, to: count, by: Self.walkers) {
            let walkers = min(Self.walkers, count &- first)
            kernels.walk_rows(
              &tables, roots + tree, words + first &* wordBytes, walkers, reached)
            let sums = sums + first &* outputs
            for walker in 0..<walkers {
              leaves.add(leaf: reached[walker], of: tree, to: sums + walker &* outputs)
            }
          }
        }
      } else {
        for tree in stride(from: call.trees.lowerBound, to: call.trees.upperBound, by: Self.walkers)
        {
          let walkers = min(Self.walkers, call.trees.upperBound &- tree)
          kernels.walk_trees(&tables, roots + tree, words, walkers, reached)
          leaves.add(leaves: reached, of: tree..<tree &+ walkers, to: sums)
        }
      }
      for index in 0..<count {
        leaves.finish(
          sums + index &* outputs, call.trees, into: margins + (row &+ index) &* outputs)
      }
    }
  }
}

/// The rows and trees of a call.
private struct WalkCall {
  let rows: UnsafePointer<Float>
  let rowCount: Int
  let trees: Range<Int>
}

/// A call whose scratch is on the stack, which Swift cannot reserve by itself.
private struct CallOnStack {
  let engine: WalkEngine
  let call: WalkCall
  let margins: UnsafeMutablePointer<Float>

  func run(_ scratchBytes: Int) {
    withUnsafePointer(to: self) { pointer in
      fk_with_stack(
        scratchBytes,
        { context, scratch in
          // Safe: fk_with_stack passes on what it was given, and memory.
          let this = context!.assumingMemoryBound(to: CallOnStack.self)
          this.pointee.engine.add(this.pointee.call, into: this.pointee.margins, scratch: scratch!)
        }, UnsafeMutableRawPointer(mutating: pointer))
    }
  }
}

extension WalkEngine {
  /// The leaf that each tree leads each row to, as positions in the tree's nodes: XGBoost's and
  /// scikit-learn's leaf indices. (A file of XGBoost that holds deleted nodes numbers those as well;
  /// the forest leaves them out.)
  ///
  /// - Returns: row-major, one a tree.
  /// - Precondition: the matrix has `featureCount` columns, and the trees are trees of the forest.
  public func leafNodes(_ matrix: Matrix, trees: Range<Int>? = nil) -> [Int32] {
    let trees = trees ?? forest.trees.indices
    precondition(matrix.columnCount == forest.featureCount, "wrong number of features")
    precondition(
      trees.lowerBound >= 0 && trees.upperBound <= forest.trees.count, "trees out of range")
    let count = matrix.rowCount * trees.count
    return [Int32](unsafeUninitializedCapacity: count) { nodes, initialized in
      initialized = count
      guard let target = nodes.baseAddress, count > 0 else { return }
      matrix.values.withUnsafeBufferPointer { rows in
        // Safe: as above.
        let rows =
          rows.baseAddress
          ?? UnsafePointer(UnsafeMutableRawPointer(target).assumingMemoryBound(to: Float.self))
        blocks.withScratch { scratch in
          var tables = tables.pointers(positions: true)
          let reached = scratch.assumingMemoryBound(to: UInt32.self)
          let words = scratch + Self.leafBytes
          var target = target
          for row in 0..<matrix.rowCount {
            self.tables.kernels.encode(&tables, rows + row * forest.featureCount, 1, words, 1)
            for tree in stride(from: trees.lowerBound, to: trees.upperBound, by: Self.walkers) {
              let walkers = min(Self.walkers, trees.upperBound - tree)
              self.tables.kernels.walk_trees(
                &tables, self.tables.roots.pointer + tree, words, walkers, reached)
              for walker in 0..<walkers { target[walker] = Int32(reached[walker]) }
              target += walkers
            }
          }
        }
      }
    }
  }

  /// What each tree alone adds to the margins of each row.
  ///
  /// - Returns: row-major; for each tree as many values as its leaves have, those of the leaf that the
  ///   row reaches, for the tree's output and those after it.
  /// - Precondition: the matrix has `featureCount` columns, and the trees are trees of the forest.
  public func treeOutputs(_ matrix: Matrix, trees: Range<Int>? = nil) -> [Double] {
    let trees = trees ?? forest.trees.indices
    guard !trees.isEmpty else { return [] }
    return leafNodes(matrix, trees: trees).enumerated().flatMap { index, node in
      forest.trees[trees.lowerBound + index % trees.count].leafValues(at: Int(node))
    }
  }
}
