/// What a walker is asked: the margins of rows, or their leaves.
struct WalkCall {
  let rows: UnsafePointer<Float>
  let rowCount: Int
  let trees: Range<Int>
}

/// A walker with nodes and sums that suit a forest.
///
/// Closures rather than an existential, so that the compiler sees each concrete walker here and
/// specialises its loops: called through a protocol they are fifteen times slower.
struct AnyWalker: Sendable {
  /// The bytes of scratch for rows one at a time, and for blocks of them.
  let rowBytes, blockBytes: Int
  /// Writes the margins of rows; the last argument says whether the scratch is for blocks.
  let margins:
    @Sendable (WalkCall, UnsafeMutablePointer<Float>, UnsafeMutableRawPointer, Bool) -> Void
  /// Writes the position of the leaf of each tree for each row; the scratch is for rows.
  let leaves: @Sendable (WalkCall, UnsafeMutablePointer<Int32>, UnsafeMutableRawPointer) -> Void

  @inline(__always)
  private init?<Node, Sum>(_ walker: Walker<Node, Sum>?) {
    guard let walker else { return nil }
    rowBytes = walker.rowBytes
    blockBytes = walker.blockBytes
    margins = { walker.margins(of: $0, into: $1, scratch: $2, blocks: $3) }
    leaves = { walker.leaves(of: $0, into: $1, scratch: $2) }
  }

  /// The walker with the smallest nodes that hold the forest.
  ///
  /// - Throws: ``UnsuitableForest`` if none do.
  static func walker(for forest: Forest) throws(UnsuitableForest) -> AnyWalker {
    let code = try RowCode(forest)
    let walker =
      switch (code.hasCategories, forest.summation == .float32) {
      case (false, true):
        AnyWalker(Walker<NumberNode, Float>(forest, code))
          ?? AnyWalker(Walker<WideNode, Float>(forest, code))
      case (false, false):
        AnyWalker(Walker<NumberNode, Double>(forest, code))
          ?? AnyWalker(Walker<WideNode, Double>(forest, code))
      case (true, true):
        AnyWalker(Walker<CategoryNode, Float>(forest, code))
          ?? AnyWalker(Walker<WideNode, Float>(forest, code))
      case (true, false):
        AnyWalker(Walker<CategoryNode, Double>(forest, code))
          ?? AnyWalker(Walker<WideNode, Double>(forest, code))
      }
    guard let walker else { throw UnsuitableForest("it takes fewer nodes and features") }
    return walker
  }
}
