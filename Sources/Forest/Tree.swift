/// A binary decision tree whose leaves add to one or more margins of the forest.
public struct Tree: Sendable, Equatable {
  /// The margin that a leaf's first value adds to, from 0; further values add to those after it.
  public let output: Int
  /// The nodes; the root is the first. Children are positions in this array.
  public let nodes: [Node]
  /// What ``Node/leafRow(_:)`` points into, if the tree has such leaves.
  public let leaves: LeafTable?
  /// The linear models that the rows of ``leaves`` stand in for, if the leaves are such.
  public let linearLeaves: LinearLeaves?
  /// How much of the training data reached each node (a sum of hessians, or of weights, or a
  /// count): what ``TreeExplainer`` weighs paths by. Nil if unknown.
  public let covers: [Float]?

  /// The number of margins that each leaf adds to.
  public var width: Int { leaves?.width ?? 1 }

  /// Describes a tree; ``Forest`` checks it.
  public init(
    output: Int, nodes: [Node], leaves: LeafTable? = nil, linearLeaves: LinearLeaves? = nil,
    covers: [Float]? = nil
  ) {
    self.output = output
    self.nodes = nodes
    self.leaves = leaves
    self.linearLeaves = linearLeaves
    self.covers = covers
  }
}

/// A node of a ``Tree``.
public enum Node: Sendable, Equatable {
  /// The end of a path: a value to add to the margin.
  case leaf(Float)
  /// The end of a path: a row of the tree's ``Tree/leaves``, to add to the margins.
  case leafRow(Int)
  /// A question about one feature.
  case split(Split)
}

/// Leaf values that one float32 cannot hold: float64, or several to a leaf.
public struct LeafTable: Sendable, Equatable {
  /// The number of values in a row.
  public let width: Int
  /// The values, row after row.
  public let values: [Double]

  /// The number of leaves.
  public var count: Int { values.count / width }

  /// Wraps values that lie row after row.
  ///
  /// - Precondition: the width is at least 1 and divides the number of values.
  public init(width: Int = 1, values: [Double]) {
    precondition(width >= 1 && values.count % width == 0, "the values do not fill the table")
    self.width = width
    self.values = values
  }

  /// The values of one leaf.
  ///
  /// - Precondition: `0 <= row < count`.
  public subscript(row: Int) -> ArraySlice<Double> {
    values[row * width..<(row + 1) * width]
  }
}
