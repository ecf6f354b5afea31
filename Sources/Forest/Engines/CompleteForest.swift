import ForestKernels

/// A forest with each tree seen as a complete one of its own depth: what the slice and the permute
/// engine have in common.
///
/// A leaf above the depth stands for the path on which every question below it is answered no; the
/// missing questions are given no as their only answer, so that other paths are never taken.
final class CompleteForest: Sendable {
  let forest: Forest
  let thresholds: Thresholds
  let depths: [Int]
  /// Where each tree's 2^depth leaves start in ``leaves``.
  let firstLeaf: [UInt32]
  /// By tree and path.
  let leaves: Table<Float>

  /// Lays out the leaves.
  ///
  /// - Throws: ``UnsuitableForest`` if the forest asks for more than thresholds, adds anything but one
  ///   float32 a tree, or has a tree of more than ``FK_MAX_DEPTH`` levels.
  init(_ forest: Forest) throws(UnsuitableForest) {
    guard forest.summation == .float32 else {
      throw UnsuitableForest("it takes forests that add float32 values only")
    }
    var first: [UInt32] = []
    var depths: [Int] = []
    var count = 0
    for tree in forest.trees {
      guard tree.width == 1 else { throw UnsuitableForest("it takes leaves of one value only") }
      let depth = tree.depth
      guard depth <= FK_MAX_DEPTH else {
        throw UnsuitableForest("it takes trees of at most \(FK_MAX_DEPTH) levels, not \(depth)")
      }
      depths.append(depth)
      first.append(UInt32(count))
      count += 1 << depth
    }
    var leaves = [Float](repeating: 0, count: count)
    for (tree, start) in zip(forest.trees, first) {
      tree.visitPaths { _, _, _ in
      } leaf: { position, path in
        leaves[Int(start) + path] = tree.floatLeaf(at: position)
      }
    }
    self.forest = forest
    self.thresholds = try Thresholds(forest)
    self.depths = depths
    self.firstLeaf = first
    self.leaves = Table(leaves)
  }
}

extension Tree {
  /// The value of a leaf in a tree of width 1 whose leaves are float32 values.
  fileprivate func floatLeaf(at position: Int) -> Float {
    if case .leaf(let value) = nodes[position] { value } else { Float(leafValues(at: position)[0]) }
  }
}
