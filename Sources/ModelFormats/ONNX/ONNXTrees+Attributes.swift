import Forest

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ONNXTrees {
  /// Reads the trees of TreeEnsembleClassifier (`prefix` is `class`) or TreeEnsembleRegressor
  /// (`target`): one list for each property of the nodes, and of the leaves' weights.
  init(_ operation: ONNXOperation, prefix: String, outputCount: Int, isDouble: Bool) throws {
    self.outputCount = outputCount
    let (thresholds, areDouble) = try operation.doubles("nodes_values")
    self.isDouble = isDouble || areDouble
    self.thresholds = thresholds
    modes = try operation.rawStrings("nodes_modes").map { try Self.mode($0, operation) }
    features = try operation.indices("nodes_featureids")
    let treeIDs = try operation.integers("nodes_treeids")
    let nodeIDs = try operation.integers("nodes_nodeids")
    let trueIDs = try operation.integers("nodes_truenodeids")
    let falseIDs = try operation.integers("nodes_falsenodeids")
    let tracks = try operation.integers("nodes_missing_value_tracks_true")
    let count = modes.count
    guard count <= Int(Int32.max) else { throw operation.error(.tooLarge, "\(count) nodes") }
    for (name, other) in [
      ("nodes_values", thresholds.count), ("nodes_featureids", features.count),
      ("nodes_treeids", treeIDs.count), ("nodes_nodeids", nodeIDs.count),
      ("nodes_truenodeids", trueIDs.count), ("nodes_falsenodeids", falseIDs.count),
    ] where other != count {
      throw operation.error(.malformed, "\(count) modes of nodes, but \(other) elements in \(name)")
    }
    if tracks.contains(1) {
      missingIsYes = (0..<count).map { $0 < tracks.count && tracks[$0] == 1 }
    }
    let index = try NodeIndex(treeIDs: treeIDs, nodeIDs: nodeIDs, operation)
    yes = [Place](repeating: 0, count: count)
    no = yes
    func place(_ node: Int) -> Place { modes[node] == .leaf ? ~Place(node) : Place(node) }
    for (tree, range) in index.trees {
      roots.append(place(range.lowerBound))
      for node in range where modes[node] != .leaf {
        guard let first = index[tree, trueIDs[node]], let second = index[tree, falseIDs[node]]
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

  private mutating func readWeights(
    _ operation: ONNXOperation, prefix: String, _ index: NodeIndex
  ) throws {
    let treeIDs = try operation.integers(prefix + "_treeids")
    let nodeIDs = try operation.integers(prefix + "_nodeids")
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
    // From the last to the first, so that each list is in the order of the file.
    for weight in weights.indices.reversed() {
      guard let node = index[treeIDs[weight], nodeIDs[weight]] else {
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

  private static let modeNames: [(name: Data, mode: Mode)] = [
    (Data("LEAF".utf8), .leaf), (Data("BRANCH_LEQ".utf8), .atMost),
    (Data("BRANCH_LT".utf8), .below), (Data("BRANCH_GTE".utf8), .atLeast),
    (Data("BRANCH_GT".utf8), .above), (Data("BRANCH_EQ".utf8), .equal),
    (Data("BRANCH_NEQ".utf8), .unequal),
  ]

  private static func mode(_ name: Data, _ operation: ONNXOperation) throws -> Mode {
    for known in modeNames where known.name == name { return known.mode }
    throw operation.error(
      .unsupported, "nodes of the mode \(String(decoding: name, as: UTF8.self).quoted) are not read"
    )
  }

  /// Finds nodes by the numbers of tree and node that the file gives them.
  private struct NodeIndex {
    /// The nodes of each tree, in the order of the file.
    private(set) var trees: [(id: Int64, range: Range<Int>)] = []
    private var positions: [Int64: Int] = [:]
    /// The places of nodes in trees that do not simply count them, by tree.
    private var nodes: [Int64: [Int64: Int]] = [:]

    init(treeIDs: [Int64], nodeIDs: [Int64], _ operation: ONNXOperation) throws {
      var start = 0
      while start < treeIDs.count {
        let id = treeIDs[start]
        var end = start
        var isCounted = true
        while end < treeIDs.count, treeIDs[end] == id {
          if nodeIDs[end] != Int64(end - start) { isCounted = false }
          end += 1
        }
        guard positions.updateValue(trees.count, forKey: id) == nil else {
          throw operation.error(.malformed, "the nodes of tree \(id) do not stand together")
        }
        trees.append((id, start..<end))
        if !isCounted {
          var places: [Int64: Int] = [:]
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

    subscript(tree: Int64, node: Int64) -> Int? {
      guard let position = positions[tree] else { return nil }
      if let places = nodes[tree] { return places[node] }
      let range = trees[position].range
      return node >= 0 && node < Int64(range.count) ? range.lowerBound + Int(node) : nil
    }
  }
}

extension ONNXOperation {
  /// Whole numbers that must be indices.
  func indices(_ name: String) throws -> [Int32] {
    try integers(name).map {
      guard $0 >= 0, let index = Int32(exactly: $0) else {
        throw error(.malformed, "\($0) in \(name) is no index")
      }
      return index
    }
  }
}
