import Forest
import Synchronization

/// What one forest tells beyond its margins: contributions and leaves. The tables for them are made
/// when somebody asks for the first time, so that they cost only models that are asked.
final class ForestDetails: Sendable {
  private let forest: Forest
  private let numbersLeaves: Bool
  private let explainer = Mutex<TreeExplainer?>(nil)
  private let walker = Mutex<WalkEngine?>(nil)

  /// - Parameter numbersLeaves: whether the library counts a tree's leaves alone, as LightGBM does;
  ///   otherwise all nodes.
  init(_ forest: Forest, numbersLeaves: Bool) {
    self.forest = forest
    self.numbersLeaves = numbersLeaves
  }

  /// Whether the file tells how much of the training data reached each node.
  var hasContributions: Bool {
    forest.trees.allSatisfy { $0.covers != nil || $0.nodes.count == 1 }
  }

  /// Rows × outputs × (features + 1).
  func contributions(_ rows: Matrix) throws(PredictionError) -> Matrix {
    let made = explainer.withLock { made in
      if made == nil { made = try? TreeExplainer(forest) }
      return made
    }
    guard let made else { throw PredictionError(.internal, "the model has no covers") }
    return Matrix(
      rowCount: rows.rowCount, columnCount: forest.outputCount * (forest.featureCount + 1),
      values: made.contributions(rows))
  }

  /// Rows × trees; exact as float32, as a tree has fewer nodes than 2^24.
  func leaves(_ rows: Matrix) throws(PredictionError) -> Matrix {
    let made = walker.withLock { made in
      if made == nil { made = try? WalkEngine(forest) }
      return made
    }
    guard let made else {
      throw PredictionError(.unsupported, "leaf_index is not available for this model")
    }
    let nodes = made.leafNodes(rows)
    let treeCount = forest.trees.count
    let values = nodes.enumerated().map { index, node in
      guard numbersLeaves,
        case .leafRow(let leaf) = forest.trees[index % treeCount].nodes[Int(node)]
      else { return Float(node) }
      return Float(leaf)
    }
    return Matrix(rowCount: rows.rowCount, columnCount: treeCount, values: values)
  }
}
