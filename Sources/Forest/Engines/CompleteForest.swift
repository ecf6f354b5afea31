import ForestKernels

/// A forest with each tree seen as a complete one of its own depth: what the slice and the permute
/// engine are built from.
///
/// A leaf above the depth stands for the path on which every question below it is answered no; the
/// questions that are not there are given no as their only answer, so that other paths are never taken.
struct CompleteForest {
  let forest: Forest
  let thresholds: Thresholds
  let trees: [CompleteTree]
  /// Where each tree's 2^depth leaves start in ``leaves``.
  let firstLeaf: Table<UInt32>
  /// By tree and path: bit d is the answer at level d, yes is 1.
  let leaves: Table<Float>

  /// Lays out a forest.
  ///
  /// - Throws: ``UnsuitableForest`` if the forest asks for more than thresholds, adds anything but one
  ///   float32 a tree, or has a tree of more than ``FK_MAX_DEPTH`` levels.
  init(_ forest: Forest) throws(UnsuitableForest) {
    guard forest.summation == .float32 else {
      throw UnsuitableForest("it takes forests that add float32 values only")
    }
    guard !forest.hasLinearLeaves else {
      throw UnsuitableForest("it takes leaves that are numbers only")
    }
    var numbers = ThresholdNumbers(featureCount: forest.featureCount)
    var trees: [CompleteTree] = []
    var firstLeaf: [UInt32] = []
    var leaves: [Float] = []
    for tree in forest.trees {
      firstLeaf.append(UInt32(leaves.count))
      trees.append(try CompleteTree(tree, numbers: &numbers, leaves: &leaves))
    }
    self.forest = forest
    self.trees = trees
    self.firstLeaf = Table(firstLeaf)
    self.leaves = Table(leaves)
    thresholds = Thresholds(numbers, featureCount: forest.featureCount)
  }
}

/// The questions of a tree and their places in a complete tree.
struct CompleteTree {
  struct Question {
    /// 1 for the root; 2n for the node on the no-side of n, 2n + 1 on the yes-side.
    let place: Int32
    /// Of its feature and threshold, see ``ThresholdNumbers``.
    let number: Int32
    let missingYes: Bool
  }

  private(set) var depth = 0
  private(set) var questions: [Question] = []

  /// Numbers the questions of a tree and appends its leaves.
  fileprivate init(
    _ tree: Tree, numbers: inout ThresholdNumbers, leaves: inout [Float]
  ) throws(UnsuitableForest) {
    guard tree.width == 1 else { throw UnsuitableForest("it takes leaves of one value only") }
    questions.reserveCapacity(tree.nodes.count / 2)
    // A path means the same at every depth, so that what is too much can go at the end.
    let first = leaves.count
    leaves += repeatElement(0, count: 1 << Int(FK_MAX_DEPTH))
    var pending = [(position: 0, place: 1, level: 0, path: 0)]
    while let (position, place, level, path) = pending.popLast() {
      switch tree.nodes[position] {
      case .leaf(let value):
        leaves[first + path] = value
        depth = max(depth, level)
      case .leafRow(let row):
        leaves[first + path] = tree.leaves.map { Float($0.values[row]) } ?? 0
        depth = max(depth, level)
      case .split(let split):
        guard level < FK_MAX_DEPTH else {
          throw UnsuitableForest("it takes trees of at most \(FK_MAX_DEPTH) levels")
        }
        guard case .below(let threshold) = split.condition else {
          throw UnsuitableForest("it takes comparisons with thresholds only")
        }
        guard !split.zeroIsMissing else {
          throw UnsuitableForest("it takes no zeros that are missing")
        }
        let missingYes = split.missing == split.yes
        let number = numbers.number(
          feature: split.feature, threshold: threshold, missingYes: missingYes)
        questions.append(
          Question(place: Int32(place), number: number, missingYes: missingYes))
        pending.append((split.no, 2 * place, level + 1, path))
        pending.append((split.yes, 2 * place + 1, level + 1, path | 1 << level))
      }
    }
    leaves.removeSubrange((first + (1 << depth))...)
  }
}
