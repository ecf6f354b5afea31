import Forest

/// A scikit-learn estimator in a pickle, made of trees.
struct ScikitLearnModel {
  let graph: PickleGraph
  let object: PickleObject
  let fields: PickleFields
  /// The version that pickled it, such as `[1, 4, 2]`.
  let version: [Int]
  private let versionText: String?
  var budget: PickleBudget

  init(_ object: PickleObject, in graph: PickleGraph, size: Int) throws {
    self.object = object
    self.graph = graph
    fields = try PickleFields(object, in: graph)
    budget = PickleBudget(bytes: size)
    versionText = try fields.optional("_sklearn_version", PickleGraph.text, "a version")
    version = (versionText ?? "").split(separator: ".").prefix(2).compactMap { Int($0) }
  }

  /// Whether a version before this one pickled the estimator; the oldest do not say theirs.
  func isBefore(_ major: Int, _ minor: Int) -> Bool {
    version.lexicographicallyPrecedes([major, minor])
  }

  mutating func treeModel() throws -> TreeModel {
    let parts: ScikitLearnParts
    switch object.kind {
    case .decisionTreeClassifier, .extraTreeClassifier, .decisionTreeRegressor,
      .extraTreeRegressor:
      parts = try mean(of: [(object, "")])
    case .randomForestClassifier, .extraTreesClassifier, .randomForestRegressor,
      .extraTreesRegressor:
      parts = try mean(of: estimators())
    default:
      preconditionFailure("not of scikit-learn")
    }
    return try treeModel(parts)
  }

  private func treeModel(_ parts: ScikitLearnParts) throws -> TreeModel {
    let forest: Forest
    do {
      forest = try Forest(
        featureCount: try featureCount(), baseMargins: parts.baseMargins, trees: parts.trees,
        objective: parts.objective, summation: parts.summation)
    } catch let error as ForestError {
      throw ModelFormatError(.malformed, error.description)
    }
    return TreeModel(
      .forest(forest), answers: object.kind.isClassifier ? .classes : .values, format: .pickle,
      library: "scikit-learn", libraryVersion: versionText, features: try features(),
      labels: parts.labels)
  }

  private func featureCount() throws -> Int {
    let count =
      try fields.optional("n_features_in_", PickleGraph.integer, "a whole number")
      ?? fields.optional("n_features_", PickleGraph.integer, "a whole number")
      ?? fields.optional("_n_features", PickleGraph.integer, "a whole number")
    guard let count, 0...ModelFormat.maximumFeatureCount ~= count else {
      throw ModelFormatError(
        .malformed, "expected between 0 and \(ModelFormat.maximumFeatureCount) features",
        remedy: "fit the estimator before it is pickled"
      ).inside("n_features_in_")
    }
    return count
  }

  private func features() throws -> [Feature] {
    let count = try featureCount()
    guard let value = fields["feature_names_in_"] else {
      return (0..<count).map { Feature(name: "f\($0)") }
    }
    guard let names = graph.texts(value), names.count == count, Set(names).count == count else {
      throw ModelFormatError(.malformed, "expected \(count) names, all different")
        .inside("feature_names_in_")
    }
    return names.map { Feature(name: $0) }
  }
}

/// What the kinds of estimator differ in.
struct ScikitLearnParts {
  var baseMargins: [Float]
  var trees: [Tree]
  var objective: Objective
  var summation: Summation
  var labels: ClassLabels?
}
