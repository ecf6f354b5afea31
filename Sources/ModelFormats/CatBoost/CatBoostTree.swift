import Forest

/// A question of a CatBoost tree.
enum CatBoostQuestion {
  /// Whether a number is above a border. A missing value is where it says.
  case above(feature: Int, border: Float, whenMissing: Bool)
  /// Whether the hash of a category is this one.
  case equals(feature: Int, hash: UInt32)
}

/// A tree as the file tells it.
struct CatBoostTree {
  /// Where the answer to a question leads.
  enum Child {
    /// To the node at this position.
    case node(Int)
    /// To the leaf in this row of the values.
    case leaf(Int)
  }

  /// A node of a tree that is not symmetric, but for leaves.
  struct Branch {
    var question: CatBoostQuestion
    var no: Child
    var yes: Child
  }

  enum Shape {
    /// One question a level; the number of a leaf has the answer to the first one as its lowest bit.
    case symmetric([CatBoostQuestion])
    /// Any binary tree, the root first; without nodes it is a single leaf.
    case free([Branch])
  }

  var shape: Shape
  /// One row a leaf.
  var values: [Double]
  /// What reached each leaf in training; empty if unknown.
  var weights: [Double]

  /// The deepest symmetric tree; CatBoost makes none of more than 16 levels.
  static let maximumDepth = 24
}

extension CatBoostTree {
  /// Makes a tree of it.
  ///
  /// - Parameters:
  ///   - width: the number of values of a leaf.
  ///   - split: makes a split of a question and the positions of both answers.
  func tree(width: Int, split: (CatBoostQuestion, _ no: Int, _ yes: Int) throws -> Split) throws
    -> Tree
  {
    switch shape {
    case .symmetric(let questions):
      try symmetric(questions, width: width, split: split)
    case .free(let nodes):
      try free(nodes, width: width, split: split)
    }
  }

  private func symmetric(
    _ questions: [CatBoostQuestion], width: Int,
    split: (CatBoostQuestion, _ no: Int, _ yes: Int) throws -> Split
  ) throws -> Tree {
    let depth = questions.count
    guard depth <= Self.maximumDepth, values.count == width << depth else {
      throw ModelFormatError(
        .malformed, "\(depth) levels of splits do not make \(values.count) leaf values of \(width)")
    }
    let leafCount = 1 << depth
    var nodes: [Node] = []
    nodes.reserveCapacity(2 * leafCount - 1)
    for (level, question) in questions.enumerated() {
      for position in 1 << level..<2 << level {
        nodes.append(.split(try split(question, 2 * position - 1, 2 * position)))
      }
    }
    // The first answer is the highest bit of a leaf's position here, and the lowest in the file.
    let rows = (0..<leafCount).map { UInt($0).reversedBits(count: depth) }
    for row in rows { nodes.append(.leafRow(row)) }
    return Tree(
      output: 0, nodes: nodes, leaves: LeafTable(width: width, values: values),
      covers: covers(of: nodes, rowCount: leafCount))
  }

  private func free(
    _ questions: [Branch], width: Int,
    split: (CatBoostQuestion, _ no: Int, _ yes: Int) throws -> Split
  ) throws -> Tree {
    guard values.count % width == 0 else {
      throw ModelFormatError(.malformed, "\(values.count) leaf values are no rows of \(width)")
    }
    var nodes: [Node] = []
    nodes.reserveCapacity(2 * questions.count + 1)
    var leaves: [Int] = []
    /// Leaves come after the nodes, in the order in which they are met.
    func position(_ child: Child) throws -> Int {
      switch child {
      case .node(let position):
        // Beyond the nodes lie leaves, which would make another tree of a wrong position.
        guard questions.indices.contains(position) else {
          throw ModelFormatError(
            .malformed, "child \(position) lies outside the tree's \(questions.count) splits")
        }
        return position
      case .leaf(let row):
        leaves.append(row)
        return questions.count + leaves.count - 1
      }
    }
    for node in questions {
      nodes.append(.split(try split(node.question, try position(node.no), try position(node.yes))))
    }
    if questions.isEmpty { leaves.append(0) }
    for row in leaves { nodes.append(.leafRow(row)) }
    return Tree(
      output: 0, nodes: nodes, leaves: LeafTable(width: width, values: values),
      covers: covers(of: nodes, rowCount: values.count / width))
  }

  /// The weight below each node; nil where it is not known of every leaf.
  private func covers(of nodes: [Node], rowCount: Int) -> [Float]? {
    guard weights.count == rowCount, rowCount > 0,
      weights.allSatisfy({ $0.isFinite && $0 >= 0 })
    else { return nil }
    var sums = [Double](repeating: 0, count: nodes.count)
    // Children may come before their parents only in trees that the forest refuses.
    for index in nodes.indices.reversed() {
      switch nodes[index] {
      case .leaf: return nil
      case .leafRow(let row):
        guard weights.indices.contains(row) else { return nil }
        sums[index] = weights[row]
      case .split(let split):
        guard split.yes > index, split.no > index, split.yes < nodes.count, split.no < nodes.count
        else { return nil }
        sums[index] = sums[split.yes] + sums[split.no]
      }
    }
    return sums.map { Float($0) }
  }
}

extension UInt {
  /// The lowest bits in the opposite order.
  fileprivate func reversedBits(count: Int) -> Int {
    var value = self
    var reversed = 0
    for _ in 0..<count {
      reversed = reversed << 1 | Int(value & 1)
      value >>= 1
    }
    return reversed
  }
}
