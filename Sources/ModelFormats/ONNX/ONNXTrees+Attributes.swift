extension ONNXTrees {
  /// Reads the trees of TreeEnsembleClassifier (`prefix` is `class`) or TreeEnsembleRegressor
  /// (`target`): one list for each property of the nodes, and of the leaves' weights.
  init(_ operation: ONNXOperation, prefix: String, outputCount: Int, isDouble: Bool) throws {
    self.outputCount = outputCount
    let (thresholds, areDouble) = try operation.doubles("nodes_values")
    self.isDouble = isDouble || areDouble
    self.thresholds = thresholds
    modes = try operation.texts("nodes_modes") { try Self.mode($0, operation) }
    features = try operation.indices("nodes_featureids")
    let treeIDs = try operation.integers32("nodes_treeids")
    let nodeIDs = try operation.integers32("nodes_nodeids")
    let trueIDs = try operation.integers32("nodes_truenodeids")
    let falseIDs = try operation.integers32("nodes_falsenodeids")
    let count = modes.count
    guard count <= Int(Int32.max) else { throw operation.error(.tooLarge, "\(count) nodes") }
    for (name, other) in [
      ("nodes_values", thresholds.count), ("nodes_featureids", features.count),
      ("nodes_treeids", treeIDs.count), ("nodes_nodeids", nodeIDs.count),
      ("nodes_truenodeids", trueIDs.count), ("nodes_falsenodeids", falseIDs.count),
    ] where other != count {
      throw operation.error(.malformed, "\(count) modes of nodes, but \(other) elements in \(name)")
    }
    missingIsYes = try missingIsYes(operation)
    let index = try NodeIndex(treeIDs: treeIDs, nodeIDs: nodeIDs, operation)
    yes = [Place](repeating: 0, count: count)
    no = yes
    func place(_ node: Int) -> Place { modes[node] == .leaf ? ~Place(node) : Place(node) }
    for (tree, range) in index.trees {
      roots.append(place(range.lowerBound))
      for node in range where modes[node] != .leaf {
        guard let first = index.place(of: trueIDs[node], in: range, of: tree),
          let second = index.place(of: falseIDs[node], in: range, of: tree)
        else {
          throw operation.error(
            .malformed,
            "node \(nodeIDs[node]) of tree \(tree) has a child, \(trueIDs[node]) or"
              + " \(falseIDs[node]), that is not in the tree")
        }
        yes[node] = place(first)
        no[node] = place(second)
      }
    }
    try readWeights(operation, prefix: prefix, index)
    try makeSets()
  }

  /// Whether missing values take the way of yes, of each node; empty if none do.
  func missingIsYes(_ operation: ONNXOperation) throws -> [Bool] {
    var flags = try operation.flags("nodes_missing_value_tracks_true")
    if !flags.isEmpty, flags.count < modes.count {
      flags += repeatElement(false, count: modes.count - flags.count)
    }
    return flags
  }

  private mutating func readWeights(
    _ operation: ONNXOperation, prefix: String, _ index: NodeIndex
  ) throws {
    let treeIDs = try operation.integers32(prefix + "_treeids")
    let nodeIDs = try operation.integers32(prefix + "_nodeids")
    targets = try operation.indices(prefix + "_ids")
    let (weights, areDouble) = try operation.doubles(prefix + "_weights")
    self.weights = weights
    if areDouble { isDouble = true }
    guard treeIDs.count == weights.count, nodeIDs.count == weights.count,
      targets.count == weights.count, weights.count <= Int(Int32.max)
    else {
      throw operation.error(
        .malformed,
        "\(weights.count) weights of leaves, but \(treeIDs.count) trees, \(nodeIDs.count) nodes and"
          + " \(targets.count) outputs of them")
    }
    firstWeights = [Int32](repeating: -1, count: modes.count)
    nextWeights = [Int32](repeating: -1, count: weights.count)
    var (tree, range) = (Int32(0), index.range(of: 0) ?? 0..<0)
    // From the last to the first, so that each list is in the order of the file.
    for weight in weights.indices.reversed() {
      if treeIDs[weight] != tree {
        tree = treeIDs[weight]
        range = index.range(of: tree) ?? 0..<0
      }
      guard let node = index.place(of: nodeIDs[weight], in: range, of: tree) else {
        throw operation.error(
          .malformed,
          "weight \(weight) is of node \(nodeIDs[weight]) of tree \(treeIDs[weight]),"
            + " which does not exist")
      }
      guard targets[weight] < outputCount else {
        throw operation.error(
          .malformed, "weight \(weight) is of output \(targets[weight]) of \(outputCount)")
      }
      nextWeights[weight] = firstWeights[node]
      firstWeights[node] = Int32(weight)
    }
  }

  private static let modeNames: [(name: [UInt8], mode: Mode)] = [
    ("LEAF", .leaf), ("BRANCH_LEQ", .atMost), ("BRANCH_LT", .below), ("BRANCH_GTE", .atLeast),
    ("BRANCH_GT", .above), ("BRANCH_EQ", .equal), ("BRANCH_NEQ", .unequal),
  ].map { (Array($0.utf8), $1) }

  private static func mode(_ name: ArraySlice<UInt8>, _ operation: ONNXOperation) throws -> Mode {
    for known in modeNames where name.elementsEqual(known.name) { return known.mode }
    throw operation.error(
      .unsupported, "nodes of the mode \(String(decoding: name, as: UTF8.self).quoted) are not read"
    )
  }

  /// Finds nodes by the numbers of tree and node that the file gives them.
  private struct NodeIndex {
    /// The nodes of each tree, in the order of the file.
    private(set) var trees: [(id: Int32, range: Range<Int>)] = []
    private var ranges: [Int32: Range<Int>] = [:]
    /// The places of nodes in trees that do not simply count them, by tree.
    private var nodes: [Int32: [Int32: Int]] = [:]

    init(treeIDs: [Int32], nodeIDs: [Int32], _ operation: ONNXOperation) throws {
      var start = 0
      while start < treeIDs.count {
        let id = treeIDs[start]
        var end = start
        var isCounted = true
        while end < treeIDs.count, treeIDs[end] == id {
          if Int(nodeIDs[end]) != end - start { isCounted = false }
          end += 1
        }
        guard ranges.updateValue(start..<end, forKey: id) == nil else {
          throw operation.error(.malformed, "the nodes of tree \(id) do not stand together")
        }
        trees.append((id, start..<end))
        if !isCounted {
          var places: [Int32: Int] = [:]
          for node in start..<end {
            guard places.updateValue(node, forKey: nodeIDs[node]) == nil else {
              throw operation.error(
                .malformed, "node \(nodeIDs[node]) of tree \(id) is there twice")
            }
          }
          nodes[id] = places
        }
        start = end
      }
    }

    /// The nodes of a tree.
    func range(of tree: Int32) -> Range<Int>? { ranges[tree] }

    /// Where a node of a tree is.
    func place(of node: Int32, in range: Range<Int>, of tree: Int32) -> Int? {
      if !nodes.isEmpty, let places = nodes[tree] { return places[node] }
      return node >= 0 && node < range.count ? range.lowerBound + Int(node) : nil
    }
  }
}
