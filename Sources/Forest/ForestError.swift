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
