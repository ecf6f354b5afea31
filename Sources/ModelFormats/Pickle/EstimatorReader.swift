import Forest

/// Makes models of the objects of a pickle: of the one that is asked for, and of those within it.
struct EstimatorReader {
  /// The deepest that estimators may hold each other.
  private static let maximumDepth = 8

  let graph: PickleGraph
  var budget: PickleBudget
  private var depth = 0

  /// - Parameter size: the bytes of the pickle.
  init(graph: PickleGraph, size: Int) {
    self.graph = graph
    budget = PickleBudget(bytes: size)
  }

  /// The model that an object is.
  mutating func model(_ object: PickleObject) throws -> TreeModel {
    do {
      return try estimator(object)
    } catch {
      var error = ModelFormatError(wrapping: error)
      if error.path == nil, error.offset == nil { error.offset = object.offset }
      throw error
    }
  }

  private mutating func estimator(_ object: PickleObject) throws -> TreeModel {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw ModelFormatError(
        .tooLarge, "estimators lie more than \(Self.maximumDepth) deep in each other",
        offset: object.offset)
    }
    switch object.kind.library {
    case .xgboost:
      let estimator = PickledXGBoost(object, in: graph)
      try budget.spend(estimator.size)
      return try estimator.treeModel()
    case .lightgbm:
      let estimator = PickledLightGBM(object, in: graph)
      try budget.spend(estimator.size)
      return try estimator.treeModel()
    case .scikitLearn:
      return try ScikitLearnModel(object, in: graph).treeModel(&self)
    case nil:
      throw ModelFormatError(
        .unsupported, "\(object.kind.rawValue) is no model that is read here",
        offset: object.offset)
    }
  }

  /// The model that a value is, which stands at a place within another.
  mutating func model(_ value: PickleValue, at path: String) throws -> TreeModel {
    guard case .object(let object) = graph[value] else {
      throw ModelFormatError(.malformed, "expected an estimator").inside(path)
    }
    do {
      return try model(object)
    } catch {
      throw ModelFormatError(wrapping: error).inside(path)
    }
  }
}
