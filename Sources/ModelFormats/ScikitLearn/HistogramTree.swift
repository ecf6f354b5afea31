import Forest

/// A `TreePredictor` of scikit-learn's histogram boosting in a pickle: one record a node, and a set
/// of 256 bits for each split of categories.
struct HistogramTree {
  private let values: [Double]
  private let features: [Int]
  private let thresholds: [Double]
  private let missingGoesLeft: [Int]?
  private let left: [Int]
  private let right: [Int]
  private let isLeaf: [Int]
  private let isCategorical: [Int]?
  private let setIndices: [Int]?
  private let counts: [Int]?
  /// The bits of the categories that go left: 8 words a set.
  private let words: [Int]

  /// Reads a tree.
  init(_ value: PickleValue, in graph: PickleGraph, budget: inout PickleBudget) throws {
    guard case .object(let object) = graph[value], object.kind == .treePredictor else {
      throw ModelFormatError(.malformed, "expected a tree")
    }
    let fields = try PickleFields(object, in: graph)
    // Before 0.24 thresholds had no kinds.
    guard let nodes = fields.array("nodes"), nodes.shape.count == 1,
      let values = nodes.column("value")?.doubles(),
      let features = nodes.column("feature_idx")?.integers(),
      let thresholds = (nodes.column("num_threshold") ?? nodes.column("threshold"))?.doubles(),
      let left = nodes.column("left")?.integers(), let right = nodes.column("right")?.integers(),
      let isLeaf = nodes.column("is_leaf")?.integers()
    else {
      throw ModelFormatError(.malformed, "the tree lacks its nodes", offset: object.offset)
    }
    try budget.spend(nodes.byteCount)
    self.values = values
    self.features = features
    self.thresholds = thresholds
    self.left = left
    self.right = right
    self.isLeaf = isLeaf
    missingGoesLeft = nodes.column("missing_go_to_left")?.integers()
    isCategorical = nodes.column("is_categorical")?.integers()
    setIndices = nodes.column("bitset_idx")?.integers()
    counts = nodes.column("count")?.integers()
    let sets = fields.array("raw_left_cat_bitsets")
    try budget.spend(sets?.byteCount ?? 0)
    words = sets?.integers() ?? []
  }

  /// The forest's tree.
  ///
  /// - Parameters:
  ///   - rest: what is added to each leaf.
  ///   - known: the codes that training saw of each categorical feature.
  func tree(output: Int, adding rest: Double, known: [Int: Set<Int>]) throws -> Tree {
    var table: [Double] = []
    let nodes = try left.indices.map { node -> Node in
      guard isLeaf[node] == 0 else {
        table.append(rest + values[node])
        return .leafRow(table.count - 1)
      }
      let missing = missingGoesLeft?[node] == 1 ? left[node] : right[node]
      if isCategorical?[node] == 1 {
        return .split(try categorical(node, missing: missing, known: known))
      }
      guard !thresholds[node].isNaN else {
        throw ModelFormatError(.malformed, "node \(node): the threshold is not a number")
      }
      return .split(
        Split(
          feature: features[node], condition: .atMost(thresholds[node]), yes: left[node],
          no: right[node], missing: missing))
    }
    let covers = counts.flatMap { $0.allSatisfy { $0 >= 0 } ? $0.map { Float($0) } : nil }
    return Tree(
      output: output, nodes: nodes, leaves: LeafTable(values: table), covers: covers)
  }

  /// A split of categories; unknown ones go where missing values go.
  private func categorical(_ node: Int, missing: Int, known: [Int: Set<Int>]) throws -> Split {
    let set = setIndices?[node] ?? 0
    guard set >= 0, set < words.count / 8 else {
      throw ModelFormatError(.malformed, "node \(node): there is no set \(set) of categories")
    }
    let codes = (0..<256).filter { words[set * 8 + $0 / 32] >> ($0 % 32) & 1 == 1 }
    guard missing == left[node] else {
      return Split(
        feature: features[node], condition: .member(CategorySet(codes)), yes: left[node],
        no: right[node], missing: missing)
    }
    // What is not known goes left too: ask for those that go right.
    let others = (known[features[node]] ?? []).subtracting(codes).filter { 0..<256 ~= $0 }
    return Split(
      feature: features[node], condition: .member(CategorySet(others.sorted())),
      yes: right[node], no: left[node], missing: missing)
  }
}
