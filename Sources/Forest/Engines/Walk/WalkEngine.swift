import ForestKernels

/// Any forest, any batch: walks eight trees of one row, or eight rows of one tree, at the same time
/// and without branches. In plain Swift, on every processor.
///
/// Limits: all leaves of the forest have equally many values, and sets of categories take less than
/// 64 MiB.
public struct WalkEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest
  private let walker: AnyWalker
  private let blocks: ScratchPool

  /// More than this much scratch is not put onto the stack.
  private static let stackLimit = 1 << 15

  /// Builds the tables of a forest.
  ///
  /// - Throws: ``UnsuitableForest`` if it is beyond the limits.
  public init(_ forest: Forest) throws(UnsuitableForest) {
    let width = forest.trees[0].width
    guard forest.trees.allSatisfy({ $0.width == width }) else {
      throw UnsuitableForest("it takes trees whose leaves all have equally many values")
    }
    guard !forest.hasLinearLeaves else {
      throw UnsuitableForest("it takes leaves that are numbers only")
    }
    self.forest = forest
    walker = try AnyWalker.walker(for: forest)
    blocks = ScratchPool(byteCount: max(walker.rowBytes, walker.blockBytes))
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
        if rowCount >= 8 || walker.rowBytes > Self.stackLimit {
          blocks.withScratch { walker.margins(call, target, $0, rowCount >= 8) }
        } else {
          CallOnStack(walker: walker, call: call, margins: target).run()
        }
      }
    }
  }

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
        let call = WalkCall(rows: rows, rowCount: matrix.rowCount, trees: trees)
        blocks.withScratch { walker.leaves(call, target, $0) }
      }
    }
  }
}

extension WalkEngine {
  /// What each tree alone adds to the margins of each row.
  ///
  /// - Returns: row-major; for each tree the `width` values of the leaf that the row reaches, for the
  ///   tree's output and those after it.
  /// - Precondition: the matrix has `featureCount` columns, and the trees are trees of the forest.
  public func treeOutputs(_ matrix: Matrix, trees: Range<Int>? = nil) -> [Double] {
    let trees = trees ?? forest.trees.indices
    guard !trees.isEmpty else { return [] }
    return leafNodes(matrix, trees: trees).enumerated().flatMap { index, node in
      forest.trees[trees.lowerBound + index % trees.count].leafValues(at: Int(node))
    }
  }
}

/// A call whose scratch is on the stack, which Swift cannot reserve by itself.
private struct CallOnStack {
  let walker: AnyWalker
  let call: WalkCall
  let margins: UnsafeMutablePointer<Float>

  func run() {
    withUnsafePointer(to: self) { pointer in
      fk_with_stack(
        walker.rowBytes,
        { context, scratch in
          // Safe: fk_with_stack passes on what it was given, and memory.
          let this = context!.assumingMemoryBound(to: CallOnStack.self)
          this.pointee.walker.margins(
            this.pointee.call, this.pointee.margins, scratch!, false)
        }, UnsafeMutableRawPointer(mutating: pointer))
    }
  }
}
