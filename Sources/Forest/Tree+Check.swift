extension Tree {
  /// Throws unless the nodes are one tree and everything that they point to exists.
  func check(
    index: Int, featureCount: Int, outputCount: Int, summation: Summation
  ) throws(ForestError) {
    guard !nodes.isEmpty else { throw ForestError("it has no nodes", tree: index) }
    guard output >= 0, width <= outputCount, output <= outputCount - width else {
      let end = width == 1 ? "" : " to \(output + width - 1)"
      throw ForestError(
        "it adds to output \(output)\(end), but there are \(outputCount)", tree: index)
    }
    try checkLeaves(index: index, summation: summation)
    try checkLinearLeaves(index: index, featureCount: featureCount, summation: summation)
    try checkCovers(index: index)
    if isSoundInOrder(featureCount: featureCount) { return }
    // Each node is reached once from the root: no cycle, no node with two parents, none apart.
    var seen = [Bool](repeating: false, count: nodes.count)
    seen[0] = true
    var reached = 0
    var pending = [0]
    while let position = pending.popLast() {
      reached += 1
      if let message = fault(at: position, featureCount: featureCount) {
        throw ForestError(message, tree: index, node: position)
      }
      if case .split(let split) = nodes[position] {
        try visit(split.no, from: position, index: index, seen: &seen)
        pending.append(split.no)
        try visit(split.yes, from: position, index: index, seen: &seen)
        pending.append(split.yes)
      }
    }
    guard reached == nodes.count else {
      throw ForestError(
        "\(nodes.count - reached) of its nodes cannot be reached from the root", tree: index)
    }
  }

  /// Whether nothing is wrong with any node, and every one but the root is the child of exactly one
  /// node before it, as nearly all libraries write trees: then the nodes are one tree.
  private func isSoundInOrder(featureCount: Int) -> Bool {
    let (rowCount, isSingle) = (leaves?.count ?? 0, width == 1)
    var hasParent = [Bool](repeating: false, count: nodes.count)
    var childCount = 0
    for position in nodes.indices {
      switch nodes[position] {
      case .leaf(let value):
        guard isSingle, !value.isNaN else { return false }
      case .leafRow(let row):
        guard row >= 0, row < rowCount else { return false }
      case .split(let split):
        let (yes, no, missing) = (split.yes, split.no, split.missing)
        guard yes > position, yes < nodes.count, no > position, no < nodes.count, yes != no,
          missing == yes || missing == no, !hasParent[yes], !hasParent[no],
          split.feature >= 0, split.feature < featureCount
        else { return false }
        if case .below(let threshold) = split.condition, threshold.isNaN { return false }
        hasParent[yes] = true
        hasParent[no] = true
        childCount += 2
      }
    }
    return childCount == nodes.count - 1
  }

  /// What is wrong with a node itself, if anything.
  private func fault(at position: Int, featureCount: Int) -> String? {
    switch nodes[position] {
    case .leaf(let value):
      if value.isNaN { return "the leaf is not a number" }
      return width == 1 ? nil : "the leaf has one value, but others have \(width)"
    case .leafRow(let row):
      let count = leaves?.count ?? 0
      return row >= 0 && row < count
        ? nil : "leaf \(row) lies outside the tree's table of \(count)"
    case .split(let split): return split.fault(featureCount: featureCount)
    }
  }

  private func visit(
    _ child: Int, from parent: Int, index: Int, seen: inout [Bool]
  ) throws(ForestError) {
    guard nodes.indices.contains(child) else {
      throw ForestError(
        "child \(child) lies outside the tree's \(nodes.count) nodes", tree: index, node: parent)
    }
    guard child != 0 else { throw ForestError("a child leads back to the root", tree: index) }
    guard !seen[child] else {
      throw ForestError("it is the child of two nodes", tree: index, node: child)
    }
    seen[child] = true
  }

  private func checkCovers(index: Int) throws(ForestError) {
    guard let covers else { return }
    guard covers.count == nodes.count else {
      throw ForestError("it has \(nodes.count) nodes, but \(covers.count) covers", tree: index)
    }
    if let node = covers.firstIndex(where: { !$0.isFinite || $0 < 0 }) {
      throw ForestError("the cover is \(covers[node])", tree: index, node: node)
    }
  }

  private func checkLinearLeaves(
    index: Int, featureCount: Int, summation: Summation
  ) throws(ForestError) {
    guard let linearLeaves else { return }
    guard summation != .float32, width == 1, linearLeaves.count == leaves?.count else {
      throw ForestError("its linear leaves are not one for each leaf in float64", tree: index)
    }
    if let feature = linearLeaves.features.first(where: { !(0..<featureCount ~= Int($0)) }) {
      throw ForestError(
        "a leaf asks for feature \(feature), but there are \(featureCount)", tree: index)
    }
    guard linearLeaves.constants.allSatisfy(\.isFinite),
      linearLeaves.coefficients.allSatisfy(\.isFinite)
    else { throw ForestError("a linear leaf holds what is not a finite number", tree: index) }
  }

  private func checkLeaves(index: Int, summation: Summation) throws(ForestError) {
    guard let leaves else { return }
    for (position, value) in leaves.values.enumerated() {
      func error(_ message: String) -> ForestError {
        ForestError("leaf \(position / leaves.width) \(message)", tree: index)
      }
      guard !value.isNaN else { throw error("is not a number") }
      if summation == .float32, Double(Float(value)) != value {
        throw error("is no float32 value, but float32 values are added")
      }
    }
  }
}

extension Split {
  /// What is wrong with the question itself, if anything.
  fileprivate func fault(featureCount: Int) -> String? {
    if feature < 0 || feature >= featureCount {
      return "it asks for feature \(feature), but there are \(featureCount)"
    }
    if case .below(let threshold) = condition, threshold.isNaN {
      return "the threshold is not a number"
    }
    if missing != yes && missing != no {
      return "missing values lead to node \(missing), which is no child of it"
    }
    return nil
  }
}
