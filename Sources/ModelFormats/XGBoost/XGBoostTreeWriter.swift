import Forest

/// Turns a tree of a forest into the parallel arrays of XGBoost's format.
struct XGBoostTreeWriter {
  private let number: Int
  private let featureCount: Int
  private let tree: Tree
  private var left: [Int32] = []
  private var right: [Int32] = []
  private var parents: [Int32]
  private var features: [Int32] = []
  private var conditions: [Float] = []
  private var defaultsLeft: [Bool] = []
  private var isCategorical: [Bool] = []
  private var leafWeights: [Float] = []
  private var categories: [Int32] = []
  private var categoryNodes: [Int32] = []
  private var categoryStarts: [Int] = []
  private var categoryCounts: [Int] = []

  init(_ forest: Forest, tree number: Int) {
    let tree = forest.trees[number]
    self.number = number
    self.tree = tree
    featureCount = forest.featureCount
    parents = [Int32](repeating: .max, count: tree.nodes.count)
    // The leaves of a forest that takes means are written divided, as XGBoost's own are.
    let count =
      forest.summation == .mean ? forest.trees.count { $0.output == tree.output } : 1
    for position in tree.nodes.indices {
      if case .split(let split) = tree.nodes[position] {
        add(split, at: position)
      } else {
        addLeaf(at: position, divisor: Double(max(count, 1)))
      }
    }
  }

  private mutating func add(_ split: Split, at position: Int) {
    // A number below the threshold goes left; a member of the categories goes right.
    var (leftChild, rightChild) = (split.yes, split.no)
    var threshold: Float = 0
    switch split.condition {
    case .below(let value): threshold = value
    case .present: threshold = .infinity
    case .member(let set):
      (leftChild, rightChild) = (split.no, split.yes)
      let codes = set.codes.map { Int32($0) }
      categoryNodes.append(Int32(position))
      categoryStarts.append(categories.count)
      categoryCounts.append(codes.count)
      categories += codes
      isCategorical += [Bool](repeating: false, count: position - isCategorical.count) + [true]
    }
    left.append(Int32(leftChild))
    right.append(Int32(rightChild))
    parents[leftChild] = Int32(position)
    parents[rightChild] = Int32(position)
    features.append(Int32(split.feature))
    conditions.append(threshold)
    defaultsLeft.append(split.missing == leftChild)
  }

  private mutating func addLeaf(at position: Int, divisor: Double) {
    let values: [Float] =
      switch tree.nodes[position] {
      case .leaf(let value): [divisor == 1 ? value : Float(Double(value) / divisor)]
      case .leafRow(let row): tree.leaves.map { $0[row].map { Float($0 / divisor) } } ?? [0]
      case .split: []
      }
    left.append(-1)
    right.append(tree.width > 1 ? Int32(leafWeights.count / tree.width) : -1)
    features.append(0)
    conditions.append(tree.width > 1 ? 0 : values[0])
    defaultsLeft.append(false)
    if tree.width > 1 { leafWeights += values }
  }

  func write(_ writer: inout some DocumentWriter) {
    let count = tree.nodes.count
    let zeros = [Float](repeating: 0, count: count)
    writer.object { writer in
      writer.member("base_weights", [Float](repeating: 0, count: count * tree.width))
      writer.member("categories", categories)
      writer.member("categories_nodes", categoryNodes)
      writer.key("categories_segments")
      writer.wideIntegers(categoryStarts)
      writer.key("categories_sizes")
      writer.wideIntegers(categoryCounts)
      writer.key("default_left")
      writer.flags(defaultsLeft)
      writer.key("id")
      writer.integer(number)
      if tree.width > 1 { writer.member("leaf_weights", leafWeights) }
      writer.member("left_children", left)
      writer.member("loss_changes", zeros)
      writer.member("parents", parents)
      writer.member("right_children", right)
      writer.member("split_conditions", conditions)
      writer.member("split_indices", features)
      writer.key("split_type")
      writer.flags(
        isCategorical + [Bool](repeating: false, count: count - isCategorical.count))
      writer.member("sum_hessian", tree.covers ?? zeros)
      writer.member("tree_param") { writer in
        writer.member("num_deleted", 0)
        writer.member("num_feature", featureCount)
        writer.member("num_nodes", count)
        writer.member("size_leaf_vector", tree.width)
      }
    }
  }
}
