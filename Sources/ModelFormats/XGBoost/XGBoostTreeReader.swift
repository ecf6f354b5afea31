import Forest

/// A tree as an XGBoost model tells it.
struct XGBoostTree {
  var nodes: [Node]
  /// The values of the leaves, where each has several.
  var leaves: LeafTable?
  /// The sum of hessians of each node; nil where the file has none that are sound, for a model
  /// predicts without them.
  var covers: [Float]?
}

/// Reads the trees of an XGBoost model, one after another, into one set of arrays.
///
/// A tree is written as parallel arrays with one element a node. A node without a left child is a
/// leaf, whose value stands where splits have their threshold. Nodes that pruning has deleted stay
/// in the arrays, out of reach; they are left out here.
struct XGBoostTreeReader {
  var leftChildren: [Int32] = []
  var rightChildren: [Int32] = []
  var features: [Int32] = []
  var conditions: [Float] = []
  var defaultsLeft: [Bool] = []
  var gains: [Float] = []
  var hessians: [Float] = []
  private var splitTypes: [Int32] = []
  private var baseWeights: [Float] = []
  private var leafWeights: [Float] = []
  private var categories: [Int32] = []
  private var categoryNodes: [Int32] = []
  private var categoryStarts: [Int32] = []
  private var categoryCounts: [Int32] = []
  private var nodeCount: Int?
  private var leafSize = 1

  /// The memory that category sets may still take. A code of eight digits makes a set of two
  /// megabytes, so that their memory is not linear in the bytes of the file.
  private var categoryBudget = 64 << 20

  /// Whether to read the weights of all nodes. Before 3.1 the leaves of trees with several values a
  /// leaf stand among them, which is only known after they were passed.
  let readsBaseWeights: Bool
  /// Whether a tree was met that cannot do without them; its leaves are all 0.
  private(set) var needsBaseWeights = false

  init(readsBaseWeights: Bool = false) {
    self.readsBaseWeights = readsBaseWeights
  }

  /// Whether a split of the trees so far asks for categories.
  private(set) var hasCategorySplits = false
  /// The gains of each feature's splits, summed up over the trees so far.
  private(set) var featureGains: [Double] = []

  /// Reads one tree of a document.
  mutating func read(_ scanner: inout some DocumentScanner & ~Copyable) throws -> XGBoostTree {
    clear()
    try scanner.fields { key, scanner in
      switch key {
      case "left_children": try scanner.integers(into: &leftChildren)
      case "right_children": try scanner.integers(into: &rightChildren)
      case "split_indices": try scanner.integers(into: &features)
      case "split_conditions": try scanner.floats(into: &conditions)
      case "default_left": try scanner.flags(into: &defaultsLeft)
      case "split_type": try scanner.integers(into: &splitTypes)
      case "sum_hessian": try scanner.floats(into: &hessians)
      case "loss_changes": try scanner.floats(into: &gains)
      case "base_weights" where readsBaseWeights: try scanner.floats(into: &baseWeights)
      case "leaf_weights": try scanner.floats(into: &leafWeights)
      case "categories": try scanner.integers(into: &categories)
      case "categories_nodes": try scanner.integers(into: &categoryNodes)
      case "categories_segments": try scanner.integers(into: &categoryStarts)
      case "categories_sizes": try scanner.integers(into: &categoryCounts)
      case "tree_param":
        try scanner.fields { key, scanner in
          switch key {
          case "num_nodes": nodeCount = try scanner.parameter()
          case "size_leaf_vector": leafSize = max(1, try scanner.parameter())
          default: try scanner.skip()
          }
        }
      default: try scanner.skip()
      }
    }
    return try tree()
  }

  /// Makes a tree of the arrays.
  mutating func tree() throws -> XGBoostTree {
    try checkCounts()
    let order = try reachable()
    if splitTypes.contains(1) { hasCategorySplits = true }
    sumGains(order: order)
    return XGBoostTree(
      nodes: nodes(order: order, sets: try categorySets()), leaves: try leafTable(order: order),
      covers: covers(order: order))
  }

  mutating func clear() {
    leftChildren.removeAll(keepingCapacity: true)
    rightChildren.removeAll(keepingCapacity: true)
    features.removeAll(keepingCapacity: true)
    conditions.removeAll(keepingCapacity: true)
    defaultsLeft.removeAll(keepingCapacity: true)
    splitTypes.removeAll(keepingCapacity: true)
    gains.removeAll(keepingCapacity: true)
    hessians.removeAll(keepingCapacity: true)
    baseWeights.removeAll(keepingCapacity: true)
    leafWeights.removeAll(keepingCapacity: true)
    categories.removeAll(keepingCapacity: true)
    categoryNodes.removeAll(keepingCapacity: true)
    categoryStarts.removeAll(keepingCapacity: true)
    categoryCounts.removeAll(keepingCapacity: true)
    nodeCount = nil
    leafSize = 1
  }

  private func checkCounts() throws {
    guard !leftChildren.isEmpty else { throw ModelFormatError(.malformed, "the tree has no nodes") }
    let expected = leftChildren.count
    for (name, count) in [
      ("right_children", rightChildren.count), ("split_indices", features.count),
      ("split_conditions", conditions.count), ("default_left", defaultsLeft.count),
      ("tree_param.num_nodes", nodeCount ?? expected),
      // Versions before 1.3 know no categories.
      ("split_type", splitTypes.isEmpty ? expected : splitTypes.count),
      ("sum_hessian", hessians.isEmpty ? expected : hessians.count),
      ("loss_changes", gains.isEmpty ? expected : gains.count),
    ] where count != expected {
      throw ModelFormatError(
        .malformed, "left_children has \(expected) nodes, but \(name) \(count)")
    }
    guard categoryStarts.count == categoryNodes.count, categoryCounts.count == categoryNodes.count
    else {
      throw ModelFormatError(
        .malformed, "the arrays categories_nodes, _segments and _sizes differ in length")
    }
  }

  /// The nodes that the root leads to, in the order of the file.
  private func reachable() throws -> [Int32] {
    let count = leftChildren.count
    if isWhole { return Array(0..<Int32(count)) }
    var isReached = [Bool](repeating: false, count: count)
    isReached[0] = true
    var reachedCount = 1
    var pending: [Int] = [0]
    while let node = pending.popLast() {
      if leftChildren[node] == -1 { continue }
      for child in [Int(leftChildren[node]), Int(rightChildren[node])] {
        guard 0..<count ~= child else {
          throw ModelFormatError(
            .malformed, "node \(node): child \(child) lies outside the tree's \(count) nodes")
        }
        guard !isReached[child] else {
          throw ModelFormatError(
            .malformed, "node \(node): child \(child) is the child of another node or the root")
        }
        isReached[child] = true
        reachedCount += 1
        pending.append(child)
      }
    }
    var order: [Int32] = []
    order.reserveCapacity(reachedCount)
    for node in 0..<count where isReached[node] { order.append(Int32(node)) }
    return order
  }

  /// Whether every node but the root is the child of exactly one before it: a tree without deleted
  /// nodes, as nearly all are.
  private var isWhole: Bool {
    let count = leftChildren.count
    var hasParent = [Bool](repeating: false, count: count)
    var childCount = 0
    for node in 0..<count where leftChildren[node] != -1 {
      let (left, right) = (Int(leftChildren[node]), Int(rightChildren[node]))
      guard left > node, left < count, right > node, right < count, left != right,
        !hasParent[left], !hasParent[right]
      else { return false }
      hasParent[left] = true
      hasParent[right] = true
      childCount += 2
    }
    return childCount == count - 1
  }

  /// The set of each node that asks for categories.
  private mutating func categorySets() throws -> [Int32: CategorySet] {
    var sets: [Int32: CategorySet] = [:]
    for (index, node) in categoryNodes.enumerated() {
      let start = Int(categoryStarts[index])
      let count = Int(categoryCounts[index])
      guard start >= 0, count >= 0, start + count <= categories.count else {
        throw ModelFormatError(
          .malformed,
          "node \(node): its categories \(start)..<\(start + count) lie outside the"
            + " \(categories.count) of the tree")
      }
      let codes = categories[start..<start + count].lazy.map(Int.init)
      guard codes.allSatisfy({ 0..<CategorySet.limit ~= $0 }) else {
        throw ModelFormatError(
          .malformed, "node \(node): a category lies outside 0..<\(CategorySet.limit)")
      }
      categoryBudget -= (codes.max() ?? 0) / 8
      guard categoryBudget >= 0 else {
        throw ModelFormatError(.tooLarge, "the category sets take more than 64 MiB")
      }
      sets[node] = CategorySet(codes)
    }
    return sets
  }

  private mutating func sumGains(order: [Int32]) {
    guard !gains.isEmpty else { return }
    for number in order {
      let node = Int(number)
      let feature = Int(features[node])
      guard leftChildren[node] != -1, 0..<ModelFormat.maximumFeatureCount ~= feature else {
        continue
      }
      if feature >= featureGains.count {
        featureGains += [Double](repeating: 0, count: feature + 1 - featureGains.count)
      }
      featureGains[feature] += Double(gains[node])
    }
  }

  /// The leaves of a tree with several values each.
  ///
  /// Since 3.1 they stand in `leaf_weights`, and a leaf's `right_children` tells which row is its own;
  /// before, `base_weights` has a row for every node.
  private mutating func leafTable(order: [Int32]) throws -> LeafTable? {
    guard leafSize > 1 else { return nil }
    if leafWeights.isEmpty, !readsBaseWeights {
      needsBaseWeights = true
      return LeafTable(width: 1, values: [])
    }
    let rows = leafWeights.isEmpty ? baseWeights : leafWeights
    guard rows.count % leafSize == 0,
      leafWeights.count > 0 || rows.count / leafSize == leftChildren.count
    else {
      throw ModelFormatError(
        .malformed,
        "\(rows.count) weights are not leaves of \(leafSize) values for \(leftChildren.count) nodes"
      )
    }
    var values: [Double] = []
    for number in order where leftChildren[Int(number)] == -1 {
      let row = leafWeights.isEmpty ? Int(number) : Int(rightChildren[Int(number)])
      guard row >= 0, (row + 1) * leafSize <= rows.count else {
        throw ModelFormatError(.malformed, "node \(number): leaf \(row) lies outside leaf_weights")
      }
      values += rows[row * leafSize..<(row + 1) * leafSize].lazy.map(Double.init)
    }
    return LeafTable(width: leafSize, values: values)
  }

  private func covers(order: [Int32]) -> [Float]? {
    guard !hessians.isEmpty, hessians.allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
    return order.count == hessians.count ? hessians : order.map { hessians[Int($0)] }
  }

  /// Makes nodes of those in `order`.
  private func nodes(order: [Int32], sets: [Int32: CategorySet]) -> [Node] {
    let isComplete = order.count == leftChildren.count
    var positions: [Int32] = []
    if !isComplete {
      positions = [Int32](repeating: -1, count: leftChildren.count)
      for (position, node) in order.enumerated() { positions[Int(node)] = Int32(position) }
    }
    func position(_ node: Int32) -> Int {
      isComplete ? Int(node) : Int(positions[Int(node)])
    }
    var leafCount = 0
    return order.map { number in
      let node = Int(number)
      guard leftChildren[node] != -1 else {
        guard leafSize > 1 else { return .leaf(conditions[node]) }
        leafCount += 1
        return .leafRow(leafCount - 1)
      }
      let left = position(leftChildren[node])
      let right = position(rightChildren[node])
      let missing = defaultsLeft[node] ? left : right
      let feature = Int(features[node])
      // A number below the threshold goes left; a member of the categories goes right.
      guard !splitTypes.isEmpty, splitTypes[node] == 1 else {
        return .split(
          Split(
            feature: feature, condition: .below(conditions[node]), yes: left, no: right,
            missing: missing))
      }
      return .split(
        Split(
          feature: feature, condition: .member(sets[number] ?? CategorySet([])), yes: right,
          no: left, missing: missing))
    }
  }
}
