import Forest

/// Reads the trees of a LightGBM text, one after another, into one set of arrays.
///
/// A tree is written as parallel arrays, one element a split or a leaf. A child from 0 on is a
/// split, one below is the leaf with that number's complement: -1 is leaf 0.
struct LightGBMTextTree {
  private var leafCount: Int?
  private var isLinear = false
  private var features: [Int32] = []
  private var thresholds: [Double] = []
  private var decisions: [Int8] = []
  private var leftChildren: [Int32] = []
  private var rightChildren: [Int32] = []
  private var leaves: [Double] = []
  private var linear = LightGBMLinearLeaves()
  private var categoryBounds: [Int32] = []
  private var categoryWords: [UInt32] = []
  // Statistics of training; a tree without them predicts all the same.
  private var gains: [Double] = []
  private var splitCounts: [Int64] = []
  private var leafCounts: [Int64] = []
  private var splitValues: [Double] = []
  /// Whether the splits are compared with their leaves.
  var comparesMeans = false
  /// What the splits say of the leaves of the trees so far.
  private(set) var leafMeans = LightGBMLeafMeans()
  /// The gains of each feature's splits, summed up over the trees so far.
  private(set) var featureGains: [Double] = []

  /// Takes a field of the tree; those that prediction does not need are passed over.
  mutating func read(_ line: LightGBMLines.Line, of lines: LightGBMLines) throws {
    do {
      switch line.key {
      case "num_leaves": leafCount = try lines.integer(line.value)
      case "split_feature": try lines.integers(line.value, into: &features)
      case "threshold": try lines.numbers(line.value, into: &thresholds)
      case "decision_type": try lines.integers(line.value, into: &decisions)
      case "left_child": try lines.integers(line.value, into: &leftChildren)
      case "right_child": try lines.integers(line.value, into: &rightChildren)
      case "leaf_value": try lines.numbers(line.value, into: &leaves)
      case "cat_boundaries": try lines.integers(line.value, into: &categoryBounds)
      case "cat_threshold": try lines.integers(line.value, into: &categoryWords)
      case "is_linear": isLinear = try lines.integer(line.value) != 0
      case "leaf_const": try lines.numbers(line.value, into: &linear.constants)
      case "num_features": try lines.integers(line.value, into: &linear.counts)
      case "leaf_features": try lines.integers(line.value, into: &linear.features)
      case "leaf_coeff": try lines.numbers(line.value, into: &linear.coefficients)
      case "split_gain": try? lines.numbers(line.value, into: &gains)
      case "internal_count": try? lines.integers(line.value, into: &splitCounts)
      case "internal_value" where comparesMeans: try? lines.numbers(line.value, into: &splitValues)
      case "leaf_count": try? lines.integers(line.value, into: &leafCounts)
      default: break
      }
    } catch {
      throw ModelFormatError(wrapping: error).inside(line.key)
    }
  }

  /// Makes a tree of the fields that were read, and forgets them.
  mutating func finish(output: Int) throws -> Tree {
    defer { clear() }
    try checkCounts()
    let sets = try categorySets()
    var nodes: [Node] = []
    nodes.reserveCapacity(features.count + leaves.count)
    for split in features.indices { nodes.append(.split(try node(split, sets: sets))) }
    for leaf in leaves.indices { nodes.append(.leafRow(leaf)) }
    if comparesMeans {
      leafMeans.add(
        values: splitValues, left: leftChildren, right: rightChildren, leaves: leaves,
        counts: leafCounts)
    }
    if gains.count == features.count {
      for (feature, gain) in zip(features, gains) { featureGains.add(gain, to: Int(feature)) }
    }
    return Tree(
      output: output, nodes: nodes, leaves: LeafTable(values: leaves),
      linearLeaves: isLinear ? try linear.leaves(count: leaves.count) : nil, covers: covers)
  }

  /// How many rows of training reached each node.
  private var covers: [Float]? {
    guard splitCounts.count == features.count, leafCounts.count == leaves.count,
      (splitCounts + leafCounts).allSatisfy({ $0 >= 0 })
    else { return nil }
    return splitCounts.map { Float($0) } + leafCounts.map { Float($0) }
  }

  private mutating func clear() {
    leafCount = nil
    isLinear = false
    linear = LightGBMLinearLeaves()
    features.removeAll(keepingCapacity: true)
    thresholds.removeAll(keepingCapacity: true)
    decisions.removeAll(keepingCapacity: true)
    leftChildren.removeAll(keepingCapacity: true)
    rightChildren.removeAll(keepingCapacity: true)
    leaves.removeAll(keepingCapacity: true)
    categoryBounds.removeAll(keepingCapacity: true)
    categoryWords.removeAll(keepingCapacity: true)
    gains.removeAll(keepingCapacity: true)
    splitCounts.removeAll(keepingCapacity: true)
    leafCounts.removeAll(keepingCapacity: true)
    splitValues.removeAll(keepingCapacity: true)
  }

  private func checkCounts() throws {
    guard let leafCount else {
      throw ModelFormatError(.malformed, "this field is missing").inside("num_leaves")
    }
    guard leafCount >= 1, leafCount == leaves.count else {
      throw ModelFormatError(
        .malformed, "num_leaves is \(leafCount), but there are \(leaves.count) leaves"
      ).inside("leaf_value")
    }
    for (name, count) in [
      ("split_feature", features.count), ("threshold", thresholds.count),
      ("decision_type", decisions.count), ("left_child", leftChildren.count),
      ("right_child", rightChildren.count),
    ] where count != leafCount - 1 {
      throw ModelFormatError(
        .malformed, "\(leafCount) leaves take \(leafCount - 1) splits, but there are \(count) here"
      ).inside(name)
    }
  }

  /// The sets that categorical splits point into.
  private func categorySets() throws -> [CategorySet] {
    guard !categoryBounds.isEmpty else { return [] }
    let bounds = categoryBounds.map(Int.init)
    guard bounds[0] == 0, zip(bounds, bounds.dropFirst()).allSatisfy(<=),
      bounds[bounds.count - 1] == categoryWords.count
    else {
      throw ModelFormatError(
        .malformed, "the bounds do not divide the \(categoryWords.count) words of cat_threshold"
      ).inside("cat_boundaries")
    }
    return try zip(bounds, bounds.dropFirst()).map { start, end in
      guard (end - start) * 32 <= CategorySet.limit else {
        throw ModelFormatError(.malformed, "a category lies outside 0..<\(CategorySet.limit)")
          .inside("cat_threshold")
      }
      return CategorySet(bits: categoryWords[start..<end], truncatesNegative: true)
    }
  }

  private func node(_ index: Int, sets: [CategorySet]) throws -> Split {
    let split = LightGBMSplit(
      feature: Int(features[index]),
      left: try position(leftChildren[index], of: index, "left_child"),
      right: try position(rightChildren[index], of: index, "right_child"))
    let threshold = thresholds[index]
    let decision = decisions[index]
    guard decision & 1 == 0 else {
      guard let set = Int(exactly: threshold), sets.indices.contains(set) else {
        throw ModelFormatError(
          .malformed, "split \(index): set \(threshold) lies outside the \(sets.count) of the tree"
        ).inside("threshold")
      }
      return split.categorical(sets[set])
    }
    guard !threshold.isNaN else {
      throw ModelFormatError(.malformed, "split \(index): the threshold is not a number")
        .inside("threshold")
    }
    guard let missing = LightGBMSplit.Missing(rawValue: Int(decision >> 2 & 3)) else {
      throw ModelFormatError(.malformed, "split \(index): \(decision) is no kind of decision")
        .inside("decision_type")
    }
    return split.numeric(
      threshold: threshold, missing: missing, defaultsLeft: decision & 2 != 0)
  }

  /// The place of a child among the nodes: splits first, then leaves.
  private func position(_ child: Int32, of split: Int, _ name: String) throws -> Int {
    let position = child >= 0 ? Int(child) : features.count + Int(~child)
    guard child >= 0 ? position < features.count : Int(~child) < leaves.count else {
      throw ModelFormatError(
        .malformed,
        "split \(split): child \(child) lies outside the tree's \(features.count) splits and"
          + " \(leaves.count) leaves"
      ).inside(name)
    }
    return position
  }
}

extension [Double] {
  /// Adds a gain to that of a feature; what is no feature that could be is left to ``Forest``.
  mutating func add(_ gain: Double, to feature: Int) {
    guard 0..<ModelFormat.maximumFeatureCount ~= feature, gain.isFinite else { return }
    if feature >= count { self += [Double](repeating: 0, count: feature + 1 - count) }
    self[feature] += gain
  }
}
