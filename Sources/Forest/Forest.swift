/// An ensemble of decision trees that was checked when it was made and never changes after.
///
/// The margins of a row are the base margins plus one leaf of every tree, added in the order of the
/// trees as ``summation`` says. Any number of threads may predict with one forest at once.
public struct Forest: Sendable {
  /// The number of values in a row.
  public let featureCount: Int
  /// Where the sums start: one value for each margin of a row.
  public let baseMargins: [Float]
  /// The trees, in the order in which their leaves are added.
  public let trees: [Tree]
  /// What the margins mean.
  public let objective: Objective
  /// How the leaves are added.
  public let summation: Summation

  /// The number of margins of a row: 1, or one a class or target.
  public var outputCount: Int { baseMargins.count }

  /// Whether there are leaves that are linear models.
  var hasLinearLeaves: Bool { trees.contains { $0.linearLeaves != nil } }

  /// Checks the trees and makes a forest of them.
  ///
  /// - Throws: ``ForestError``, naming the tree and node, when a tree is empty, a child lies outside
  ///   its tree, a node can be reached twice (a cycle) or not at all, a feature lies outside the
  ///   row, an output outside the margins, a leaf's row outside its table, a threshold or leaf is
  ///   not a number, a leaf is no float32 value where float32 values are added, or a cover is
  ///   missing, negative or not finite where there are covers.
  /// - Complexity: linear in the number of nodes.
  public init(
    featureCount: Int, baseMargins: [Float], trees: [Tree], objective: Objective,
    summation: Summation = .float32
  ) throws(ForestError) {
    guard !trees.isEmpty else { throw ForestError("there are no trees") }
    guard !baseMargins.isEmpty else { throw ForestError("there are no outputs") }
    guard baseMargins.allSatisfy(\.isFinite) else {
      throw ForestError("a base margin is not a finite number")
    }
    for (index, tree) in trees.enumerated() {
      try tree.check(
        index: index, featureCount: featureCount, outputCount: baseMargins.count,
        summation: summation)
    }
    self.featureCount = featureCount
    self.baseMargins = baseMargins
    self.trees = trees
    self.objective = objective
    self.summation = summation
  }
}
