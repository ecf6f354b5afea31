/// An ensemble of decision trees that was checked when it was made and never changes after.
///
/// The margins of a row are the base margins plus one leaf of every tree, added in float32 in the
/// order of the trees. Any number of threads may predict with one forest at once.
public struct Forest: Sendable {
  /// The number of values in a row.
  public let featureCount: Int
  /// Where the sums start: one value for each margin of a row.
  public let baseMargins: [Float]
  /// The trees, in the order in which their leaves are added.
  public let trees: [Tree]
  /// What the margins mean.
  public let objective: Objective

  /// The number of margins of a row: 1, or one a class or target.
  public var outputCount: Int { baseMargins.count }

  /// Checks the trees and makes a forest of them.
  ///
  /// - Throws: ``ForestError``, naming the tree and node, when a tree is empty, a child lies outside
  ///   its tree, a node can be reached twice (a cycle) or not at all, a feature lies outside the
  ///   row, an output outside the margins, or a threshold or leaf is not a number.
  /// - Complexity: linear in the number of nodes.
  public init(featureCount: Int, baseMargins: [Float], trees: [Tree], objective: Objective)
    throws(ForestError)
  {
    guard !trees.isEmpty else { throw ForestError("there are no trees") }
    guard !baseMargins.isEmpty else { throw ForestError("there are no outputs") }
    guard baseMargins.allSatisfy(\.isFinite) else {
      throw ForestError("a base margin is not a finite number")
    }
    for (index, tree) in trees.enumerated() {
      guard baseMargins.indices.contains(tree.output) else {
        throw ForestError(
          "it adds to output \(tree.output), but there are \(baseMargins.count)", tree: index)
      }
      try Self.check(tree, index: index, featureCount: featureCount)
    }
    self.featureCount = featureCount
    self.baseMargins = baseMargins
    self.trees = trees
    self.objective = objective
  }

  private static func check(_ tree: Tree, index: Int, featureCount: Int) throws(ForestError) {
    guard !tree.nodes.isEmpty else { throw ForestError("it has no nodes", tree: index) }
    var parents = [Int32](repeating: 0, count: tree.nodes.count)
    for (position, node) in tree.nodes.enumerated() {
      func error(_ message: String) -> ForestError {
        ForestError(message, tree: index, node: position)
      }
      switch node {
      case .leaf(let value):
        guard !value.isNaN else { throw error("the leaf is not a number") }
      case .split(let split):
        guard split.feature >= 0, split.feature < featureCount else {
          throw error("it asks for feature \(split.feature), but there are \(featureCount)")
        }
        if case .below(let threshold) = split.condition, threshold.isNaN {
          throw error("the threshold is not a number")
        }
        for child in [split.yes, split.no] {
          guard tree.nodes.indices.contains(child) else {
            throw error("child \(child) lies outside the tree's \(tree.nodes.count) nodes")
          }
          parents[child] += 1
        }
        guard split.missing == split.yes || split.missing == split.no else {
          throw error("missing values lead to node \(split.missing), which is no child of it")
        }
      }
    }
    // One parent for each node but the root, and all reachable, is what makes it a tree; counting
    // parents alone would let a ring of nodes beside the tree pass.
    guard parents[0] == 0 else { throw ForestError("a child leads back to the root", tree: index) }
    if let shared = parents.firstIndex(where: { $0 > 1 }) {
      throw ForestError("it is the child of two nodes", tree: index, node: shared)
    }
    var reached = 0
    var pending = [0]
    while let position = pending.popLast() {
      reached += 1
      if case .split(let split) = tree.nodes[position] {
        pending.append(split.yes)
        pending.append(split.no)
      }
    }
    guard reached == tree.nodes.count else {
      throw ForestError(
        "\(tree.nodes.count - reached) of its nodes cannot be reached from the root", tree: index)
    }
  }
}

/// Why trees are not a forest, and where.
public struct ForestError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let message: String
  /// The tree, counted from 0.
  public let tree: Int?
  /// The node of the tree, counted from 0.
  public let node: Int?

  init(_ message: String, tree: Int? = nil, node: Int? = nil) {
    self.message = message
    self.tree = tree
    self.node = node
  }

  /// The place and what is wrong there.
  public var description: String {
    let place = [tree.map { "tree \($0)" }, node.map { "node \($0)" }].compactMap(\.self)
    return place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
  }
}
