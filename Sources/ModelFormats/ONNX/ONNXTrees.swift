import Forest

/// The nodes of an ensemble, in one form for all of its operators.
struct ONNXTrees {
  /// What a node asks.
  enum Mode: UInt8 {
    case atMost, below, atLeast, above, equal, unequal, member, leaf
  }

  /// A place: a node from 0 on, or the complement of a leaf.
  typealias Place = Int32

  var roots: [Place] = []
  var features: [Int32] = []
  var modes: [Mode] = []
  var thresholds: [Double] = []
  var yes: [Place] = []
  var no: [Place] = []
  /// Whether missing values take the way of yes; empty if none do.
  var missingIsYes: [Bool] = []
  /// The sets of the nodes that ask whether a value is one of some.
  var members: [Place: CategorySet] = [:]
  /// The first weight of each leaf, -1 if none, and the one after each weight.
  var firstWeights: [Int32] = []
  var nextWeights: [Int32] = []
  var targets: [Int32] = []
  var weights: [Double] = []
  /// The number of values that a row gets.
  var outputCount = 1
  /// Whether thresholds and sums are in float64.
  var isDouble = false

  /// The most values that a row may get.
  static let maximumOutputCount = 1 << 16

  /// Makes the trees.
  func trees() throws -> [Tree] {
    guard outputCount <= Self.maximumOutputCount else {
      throw ModelFormatError(.tooLarge, "\(outputCount) outputs are more than are read")
    }
    var places = [Int32](repeating: -1, count: modes.count)
    var trees: [Tree] = []
    trees.reserveCapacity(roots.count)
    for (index, root) in roots.enumerated() {
      do {
        trees.append(try tree(from: root, places: &places))
      } catch {
        throw ModelFormatError(wrapping: error).inside("tree \(index)")
      }
    }
    return trees
  }

  /// The tree below a root, its nodes in the order in which they are met.
  ///
  /// - Parameter places: the position in its tree of each node that was met; a node that is met
  ///   twice is an error.
  private func tree(from root: Place, places: inout [Int32]) throws -> Tree {
    var order: [Place] = []
    var pending = [root]
    var leaves: [Int] = []
    while let place = pending.popLast() {
      if place < 0 {
        leaves.append(Int(~place))
      } else {
        let node = Int(place)
        guard places[node] < 0 else {
          throw ModelFormatError(.malformed, "node \(node) is the child of two nodes")
        }
        places[node] = Int32(order.count)
        pending.append(no[node])
        pending.append(yes[node])
      }
      order.append(place)
    }
    let (output, table, values) = try leafValues(leaves)
    var nodes: [Node] = []
    nodes.reserveCapacity(order.count)
    // The positions of the leaves under a node follow from the order, node by node.
    var ends: [Int] = []
    var leaf = 0
    var children = [(yes: Int, no: Int)](repeating: (0, 0), count: order.count)
    for position in order.indices.reversed() {
      guard order[position] >= 0 else {
        ends.append(position)
        continue
      }
      // The child that was pushed last, yes, was met first: right after its parent.
      guard let first = ends.popLast(), let second = ends.popLast() else { break }
      children[position] = (first, second)
      ends.append(position)
    }
    for (position, place) in order.enumerated() {
      if place < 0 {
        if let values {
          nodes.append(.leaf(Float(values[leaf])))
        } else {
          nodes.append(.leafRow(leaf))
        }
        leaf += 1
      } else {
        let (yes, no) = children[position]
        nodes.append(.split(try split(Int(place), yes: yes, no: no)))
      }
    }
    return Tree(output: output, nodes: nodes, leaves: table)
  }

  /// What the leaves of a tree add, and to which output: one float32 value each, or a table.
  private func leafValues(_ leaves: [Int]) throws -> (Int, LeafTable?, [Double]?) {
    if let target = commonTarget(leaves) {
      let values = leaves.map { leaf in
        firstWeights[leaf] < 0 ? 0 : weights[Int(firstWeights[leaf])]
      }
      return isDouble ? (target, LeafTable(values: values), nil) : (target, nil, values)
    }
    // Leaves may leave most outputs out, but not so many that a small file becomes a large table.
    guard leaves.count * outputCount <= 64 * weights.count + 1 << 16 else {
      throw ModelFormatError(.tooLarge, "leaves of \(outputCount) outputs with few weights")
    }
    var values = [Double](repeating: 0, count: leaves.count * outputCount)
    for (row, leaf) in leaves.enumerated() {
      var seen = firstWeights[leaf]
      while seen >= 0 {
        values[row * outputCount + Int(targets[Int(seen)])] += weights[Int(seen)]
        seen = nextWeights[Int(seen)]
      }
    }
    if !isDouble { for index in values.indices { values[index] = Double(Float(values[index])) } }
    return (0, LeafTable(width: outputCount, values: values), nil)
  }

  /// The only output that the leaves add to, if there is one, and each has one weight.
  ///
  /// With one output onnxruntime takes the first weight of a leaf only.
  private func commonTarget(_ leaves: [Int]) -> Int? {
    if outputCount == 1 { return 0 }
    var target: Int32?
    for leaf in leaves where firstWeights[leaf] >= 0 {
      let first = Int(firstWeights[leaf])
      guard nextWeights[first] < 0, target == nil || targets[first] == target else { return nil }
      target = targets[first]
    }
    return target.map(Int.init)
  }

  private func split(_ node: Int, yes: Int, no: Int) throws -> Split {
    let threshold = thresholds[node]
    guard !threshold.isNaN || modes[node] == .member else {
      throw ModelFormatError(.malformed, "node \(node): the threshold is not a number")
    }
    // Nothing compares with a missing value, but that every number is unequal to it.
    let missingIsYes = !missingIsYes.isEmpty && missingIsYes[node] || modes[node] == .unequal
    func split(_ condition: Condition, isInverted: Bool = false) -> Split {
      Split(
        feature: Int(features[node]), condition: condition, yes: isInverted ? no : yes,
        no: isInverted ? yes : no, missing: missingIsYes ? yes : no)
    }
    switch modes[node] {
    case .atMost: return split(.atMost(threshold))
    case .above: return split(.atMost(threshold), isInverted: true)
    case .below: return split(.below(Self.rounded(up: threshold)))
    case .atLeast: return split(.below(Self.rounded(up: threshold)), isInverted: true)
    case .equal, .member: return split(.member(members[Place(node)] ?? CategorySet([])))
    case .unequal: return split(.member(members[Place(node)] ?? CategorySet([])), isInverted: true)
    case .leaf: throw ModelFormatError(.malformed, "node \(node) is a leaf")
    }
  }

  /// Makes the sets of nodes that ask for one value or for several; equal sets share their memory.
  ///
  /// - Parameter lists: the values of the nodes that ask for membership, in their order.
  mutating func makeSets(lists: [[Double]] = []) throws {
    var cache = CategorySetCache()
    var list = 0
    for node in modes.indices {
      var values = [thresholds[node]]
      switch modes[node] {
      case .equal, .unequal: break
      case .member:
        guard list < lists.count else {
          throw ModelFormatError(.malformed, "there are fewer lists of members than nodes that ask")
        }
        values = lists[list]
        list += 1
      case .atMost, .below, .atLeast, .above, .leaf: continue
      }
      let codes = try values.map {
        guard let code = Int(exactly: $0), 0..<CategorySet.limit ~= code else {
          throw ModelFormatError(
            .unsupported, "node \(node) asks whether a value is \($0), which is no category")
        }
        return code
      }
      members[Place(node)] = try cache.set(codes)
    }
  }

  /// The least float32 value that is not below a number: both are above the same float32 values.
  private static func rounded(up threshold: Double) -> Float {
    let nearest = Float(threshold)
    return Double(nearest) < threshold ? nearest.nextUp : nearest
  }
}
