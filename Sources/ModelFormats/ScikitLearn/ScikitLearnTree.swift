import Forest

/// A `sklearn.tree._tree.Tree` in a pickle: one record a node, and the values of each node.
struct ScikitLearnTree {
  private let leftChildren: [Int]
  private let rightChildren: [Int]
  private let features: [Int]
  private let thresholds: [Double]
  /// Where missing values go; before 1.3 they were refused, and would have gone right.
  private let missingGoesLeft: [Int]?
  /// The number of training rows that reached each node.
  let rowCounts: [Int]
  /// The weight of those rows, which contributions weigh paths by.
  private let covers: [Float]?
  /// The values of each node: a row of `outputs * classes`.
  private let values: [Double]
  /// The number of outputs, and of values for each.
  let outputCount, valueCount: Int

  /// Reads the tree of a decision tree estimator.
  init(_ object: PickleObject, in graph: PickleGraph, budget: inout PickleBudget) throws {
    let fields = try PickleFields(object, in: graph)
    guard let nodes = fields.array("nodes"),
      let values = fields.array("values"), values.shape.count == 3,
      let left = nodes.column("left_child")?.integers(),
      let right = nodes.column("right_child")?.integers(),
      let features = nodes.column("feature")?.integers(),
      let thresholds = nodes.column("threshold")?.doubles(),
      let rowCounts = nodes.column("n_node_samples")?.integers(),
      nodes.count == values.shape[0]
    else {
      throw ModelFormatError(
        .malformed, "the tree lacks its nodes or values, or they differ in number",
        offset: object.offset)
    }
    try budget.spend(nodes.byteCount + values.byteCount)
    (leftChildren, rightChildren) = (left, right)
    (self.features, self.thresholds, self.rowCounts) = (features, thresholds, rowCounts)
    covers = nodes.column("weighted_n_node_samples")?.doubles()?.map { Float($0) }
    missingGoesLeft = nodes.column("missing_go_to_left")?.integers()
    (outputCount, valueCount) = (values.shape[1], values.shape[2])
    guard outputCount > 0, valueCount > 0, let numbers = values.doubles() else {
      throw ModelFormatError(.malformed, "the tree's values are no numbers").inside("values")
    }
    self.values = numbers
  }

  /// The number of questions above each node.
  func depths() -> [Int] {
    var depths = [Int](repeating: 0, count: leftChildren.count)
    // Parents stand before their children; what does not is refused with the tree.
    for node in leftChildren.indices {
      for child in [leftChildren[node], rightChildren[node]] where depths.indices.contains(child) {
        depths[child] = depths[node] + 1
      }
    }
    return depths
  }

  /// The forest's tree, with the values of each leaf as the closure makes them of those of a node.
  func tree(
    output: Int = 0, width: Int, feature: (Int) -> Int = { $0 },
    leaf: (_ node: Int, _ values: ArraySlice<Double>) -> [Double]
  ) throws -> Tree {
    var table: [Double] = []
    var nodes: [Node] = []
    nodes.reserveCapacity(leftChildren.count)
    let size = outputCount * valueCount
    for node in leftChildren.indices {
      let left = leftChildren[node]
      guard left != -1 else {
        nodes.append(.leafRow(table.count / width))
        table += leaf(node, values[node * size..<(node + 1) * size])
        continue
      }
      guard !thresholds[node].isNaN else {
        throw ModelFormatError(.malformed, "node \(node): the threshold is not a number")
      }
      let right = rightChildren[node]
      nodes.append(
        .split(
          Split(
            feature: feature(features[node]), condition: .atMost(thresholds[node]), yes: left,
            no: right, missing: missingGoesLeft?[node] == 1 ? left : right)))
    }
    return Tree(
      output: output, nodes: nodes, leaves: LeafTable(width: width, values: table),
      covers: covers.flatMap { $0.allSatisfy { $0.isFinite && $0 >= 0 } ? $0 : nil })
  }
}
