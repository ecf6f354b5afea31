import Forest

extension ONNXTrees {
  /// Reads the trees of TreeEnsemble, which came with version 5 of the operators: nodes and leaves
  /// have lists of their own, and children say which of the two they are in.
  init(treeEnsemble operation: ONNXOperation, isDouble: Bool) throws {
    self.isDouble = isDouble
    outputCount = try operation.integer("n_targets", default: 0)
    guard 1...Self.maximumOutputCount ~= outputCount else {
      throw operation.error(.malformed, "n_targets is \(outputCount)")
    }
    features = try operation.indices("nodes_featureids")
    thresholds = try operation.tensor("nodes_splits")?.numbers() ?? []
    modes =
      try operation.tensor("nodes_modes")?.integers().map { number in
        guard let mode = UInt8(exactly: number).flatMap(Mode.init), mode != .leaf else {
          throw operation.error(.unsupported, "nodes of the mode \(number) are not read")
        }
        return mode
      } ?? []
    missingIsYes = try missingIsYes(operation)
    targets = try operation.indices("leaf_targetids")
    weights = try operation.tensor("leaf_weights")?.numbers() ?? []
    guard targets.count == weights.count, weights.count <= Int(Int32.max),
      targets.allSatisfy({ $0 < outputCount })
    else {
      throw operation.error(.malformed, "the leaves have other outputs than there are")
    }
    firstWeights = weights.indices.map { Int32($0) }
    nextWeights = [Int32](repeating: -1, count: weights.count)
    yes = try children(operation, "nodes_truenodeids", "nodes_trueleafs")
    no = try children(operation, "nodes_falsenodeids", "nodes_falseleafs")
    for (name, count) in [
      ("nodes_featureids", features.count), ("nodes_splits", thresholds.count),
      ("nodes_truenodeids", yes.count), ("nodes_falsenodeids", no.count),
    ] where count != modes.count {
      throw operation.error(.malformed, "\(modes.count) modes, but \(count) elements in \(name)")
    }
    roots = try operation.indices("tree_roots")
    for index in roots.indices {
      let root = Int(roots[index])
      guard modes.indices.contains(root) else {
        throw operation.error(.malformed, "root \(root) is none of the \(modes.count) nodes")
      }
      // A tree of one leaf is a node with that leaf on both sides.
      if yes[root] < 0, yes[root] == no[root] { roots[index] = yes[root] }
    }
    // Each list of members is ended by what is not a number.
    let values = try operation.tensor("membership_values")?.numbers() ?? []
    try makeSets(
      lists: values.split(omittingEmptySubsequences: false, whereSeparator: \.isNaN).map(Array.init)
    )
  }

  private func children(
    _ operation: ONNXOperation, _ ids: String, _ leaves: String
  ) throws -> [Place] {
    let isLeaf = try operation.integers32(leaves)
    let ids = try operation.indices(ids)
    guard isLeaf.count == ids.count else {
      throw operation.error(.malformed, "\(ids.count) children, but \(isLeaf.count) in \(leaves)")
    }
    return try zip(ids, isLeaf).map { id, isLeaf in
      guard Int(id) < (isLeaf == 0 ? modes.count : weights.count) else {
        throw operation.error(.malformed, "child \(id) does not exist")
      }
      return isLeaf == 0 ? id : ~id
    }
  }
}
