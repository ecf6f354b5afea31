/// What turns the columns of a row into its margins: one forest, one linear model, or several of
/// them together.
///
/// Whatever can be said as one forest is said so, since only that gets the fast engines whole.
public indirect enum Ensemble: Sendable {
  /// Trees whose leaves are added.
  case forest(Forest)
  /// Weights, one a feature and output.
  case linear(LinearModel)
  /// Models whose answers are put together.
  case combination(Combination)

  /// The number of columns that it reads.
  public var featureCount: Int {
    switch self {
    case .forest(let forest): forest.featureCount
    case .linear(let model): model.featureCount
    case .combination(let combination): combination.featureCount
    }
  }

  /// The number of margins of a row: 1, or one a class or target.
  public var outputCount: Int {
    switch self {
    case .forest(let forest): forest.outputCount
    case .linear(let model): model.outputCount
    case .combination(let combination): combination.outputCount
    }
  }

  /// What the margins mean.
  public var objective: Objective {
    switch self {
    case .forest(let forest): forest.objective
    case .linear(let model): model.objective
    case .combination(let combination): combination.objective
    }
  }

  /// The forests in it, at any depth.
  public var forests: [Forest] {
    switch self {
    case .forest(let forest): [forest]
    case .linear: []
    case .combination(let combination): combination.members.flatMap(\.ensemble.forests)
    }
  }

  /// The number of trees in it.
  public var treeCount: Int { forests.reduce(0) { $0 + $1.trees.count } }

  /// The number of classes of a classifier, 1 otherwise.
  public var classCount: Int {
    switch objective.task {
    case .binary: 2
    case .multiclass: outputCount
    case .regression, .ranking: 1
    }
  }
}
