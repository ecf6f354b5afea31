import ForestKernels

/// Any forest, any batch: walks eight trees of one row, or eight rows of one tree, at the same time
/// and without branches. In plain Swift, on every processor.
///
/// Limits: all leaves of the forest have equally many values, and sets of categories take less than
/// 64 MiB.
public struct WalkEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest
  private let walker: any Walking
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
    let code = try RowCode(forest)
    switch forest.summation {
    case .float32: walker = try Self.walker(forest, code, Float.self)
    case .float64, .mean: walker = try Self.walker(forest, code, Double.self)
    }
    self.forest = forest
    blocks = ScratchPool(byteCount: max(walker.rowBytes, walker.blockBytes))
  }

  private static func walker<Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable>(
    _ forest: Forest, _ code: RowCode, _: Sum.Type
  ) throws(UnsuitableForest) -> any Walking {
    if !code.hasCategories, let walker = Walker<NumberNode, Sum>(forest, code: code) {
      return walker
    }
    if code.hasCategories, let walker = Walker<CategoryNode, Sum>(forest, code: code) {
      return walker
    }
    guard let walker = Walker<WideNode, Sum>(forest, code: code) else {
      throw UnsuitableForest("it takes fewer nodes and features")
    }
    return walker
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
        let rows = rows.baseAddress ?? UnsafePointer(target)
        if rowCount >= 8 || walker.rowBytes > Self.stackLimit {
          blocks.withScratch { scratch in
            walker.margins(
              of: rows, rowCount: rowCount, trees: trees, into: target, scratch: scratch,
              blocks: rowCount >= 8)
          }
        } else {
          RowsOnStack(
            walker: walker, rows: rows, rowCount: rowCount, trees: trees, margins: target
          ).run()
        }
      }
    }
  }

  /// The leaf that each tree leads each row to, as positions in the tree's nodes: XGBoost's and
  /// scikit-learn's leaf indices.
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
        blocks.withScratch { scratch in
          // Safe: as above.
          let rows =
            rows.baseAddress
            ?? UnsafePointer(target).withMemoryRebound(to: Float.self, capacity: 1) { $0 }
          walker.leaves(
            of: rows, rowCount: matrix.rowCount, trees: trees, into: target, scratch: scratch)
        }
      }
    }
  }
}

/// A call whose scratch is on the stack, which Swift cannot reserve by itself.
private struct RowsOnStack {
  let walker: any Walking
  let rows: UnsafePointer<Float>
  let rowCount: Int
  let trees: Range<Int>
  let margins: UnsafeMutablePointer<Float>

  func run() {
    withUnsafePointer(to: self) { call in
      fk_with_stack(
        walker.rowBytes,
        { context, scratch in
          // Safe: fk_with_stack passes on what it was given, and memory.
          let call = context!.assumingMemoryBound(to: RowsOnStack.self).pointee
          call.walker.margins(
            of: call.rows, rowCount: call.rowCount, trees: call.trees, into: call.margins,
            scratch: scratch!, blocks: false)
        }, UnsafeMutableRawPointer(mutating: call))
    }
  }
}
