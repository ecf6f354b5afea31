import Forest
import Synchronization

/// What one forest tells beyond its margins: contributions and leaves. The tables for them are made
/// when somebody asks for the first time, so that they cost only models that are asked.
final class ForestDetails: Sendable {
  private let forest: Forest
  private let preprocessing: Preprocessing?
  private let numbersLeaves: Bool
  private let explainer = Mutex<TreeExplainer?>(nil)
  private let walker = Mutex<WalkEngine?>(nil)

  /// - Parameters:
  ///   - preprocessing: what the rows go through first.
  ///   - numbersLeaves: whether the library counts a tree's leaves alone, as LightGBM does;
  ///     otherwise all nodes.
  init(_ forest: Forest, preprocessing: Preprocessing?, numbersLeaves: Bool) {
    self.forest = forest
    self.preprocessing = preprocessing
    self.numbersLeaves = numbersLeaves
  }

  /// Whether the file tells how much of the training data reached each node, and each column of the
  /// trees is made of one that the caller sends.
  var hasContributions: Bool {
    guard preprocessing == nil || preprocessing?.sources != nil else { return false }
    return forest.trees.allSatisfy {
      $0.linearLeaves == nil && ($0.covers != nil || $0.nodes.count == 1)
    }
  }

  /// Rows × outputs × (features + 1). What the columns that are made of a feature contribute counts as
  /// the feature's.
  func contributions(_ rows: Matrix) throws(PredictionError) -> Matrix {
    let made = explainer.withLock { made in
      if made == nil { made = try? TreeExplainer(forest) }
      return made
    }
    guard let made else { throw PredictionError(.internal, "the model has no covers") }
    let values = made.contributions(prepared(rows))
    guard let preprocessing, let sources = preprocessing.sources else {
      return Matrix(
        rowCount: rows.rowCount, columnCount: forest.outputCount * (forest.featureCount + 1),
        values: values)
    }
    let width = preprocessing.columnCount + 1
    var sums = [Double](repeating: 0, count: rows.rowCount * forest.outputCount * width)
    for (index, value) in values.enumerated() {
      let (group, column) = index.quotientAndRemainder(dividingBy: forest.featureCount + 1)
      let source = column < sources.count ? sources[column] : width - 1
      sums[group * width + source] += Double(value)
    }
    return Matrix(
      rowCount: rows.rowCount, columnCount: forest.outputCount * width,
      values: sums.map { Float($0) })
  }

  private func prepared(_ rows: Matrix) -> Matrix { preprocessing?.apply(rows) ?? rows }

  /// Rows × trees; exact as float32, as a tree has fewer nodes than 2^24.
  func leaves(_ rows: Matrix) throws(PredictionError) -> Matrix {
    let made = walker.withLock { made in
      if made == nil { made = try? WalkEngine(forest) }
      return made
    }
    guard let made else {
      throw PredictionError(.unsupported, "leaf_index is not available for this model")
    }
    let nodes = made.leafNodes(prepared(rows))
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
