import Forest

/// A scikit-learn estimator in a pickle.
struct ScikitLearnModel {
  let graph: PickleGraph
  let object: PickleObject
  let fields: PickleFields
  /// The version that pickled it, such as `[1, 4]`.
  let version: [Int]
  private let versionText: String?

  init(_ object: PickleObject, in graph: PickleGraph) throws {
    self.object = object
    self.graph = graph
    fields = try PickleFields(object, in: graph)
    versionText = try fields.optional("_sklearn_version", PickleGraph.text, "a version")
    version = (versionText ?? "").split(separator: ".").prefix(2).compactMap { Int($0) }
  }

  /// Whether a version before this one pickled the estimator; the oldest do not say theirs.
  func isBefore(_ major: Int, _ minor: Int) -> Bool {
    version.lexicographicallyPrecedes([major, minor])
  }

  func treeModel(_ reader: inout EstimatorReader) throws -> TreeModel {
    switch object.kind {
    case .decisionTreeClassifier, .extraTreeClassifier, .decisionTreeRegressor,
      .extraTreeRegressor:
      try model(mean(of: [Part(object, "")], &reader))
    case .randomForestClassifier, .extraTreesClassifier, .randomForestRegressor,
      .extraTreesRegressor:
      try model(mean(of: parts(), &reader))
    case .gradientBoostingClassifier, .gradientBoostingRegressor: try boosting(&reader)
    case .histGradientBoostingClassifier, .histGradientBoostingRegressor:
      try histogramBoosting(&reader)
    case .isolationForest: try isolation(&reader)
    case .baggingClassifier, .baggingRegressor: try bagging(&reader)
    case .votingClassifier, .votingRegressor: try voting(&reader)
    case .adaBoostClassifier: try adaBoostClassifier(&reader)
    case .adaBoostRegressor: try adaBoostRegressor(&reader)
    case .pipeline: try pipeline(&reader)
    case .gridSearchCV, .randomizedSearchCV: try best(&reader)
    default: preconditionFailure("not of scikit-learn")
    }
  }

  /// The best model of a search.
  private func best(_ reader: inout EstimatorReader) throws -> TreeModel {
    guard let best = fields["best_estimator_"] else {
      throw ModelFormatError(
        .malformed, "the search has no best model", remedy: "fit it, with refit=True"
      ).inside("best_estimator_")
    }
    return try reader.model(best, at: "best_estimator_")
  }

  /// The model of an ensemble that reads the rows as they come.
  func model(_ ensemble: Ensemble, labels: ClassLabels? = nil) throws -> TreeModel {
    TreeModel(
      ensemble, answers: ensemble.objective.task.isClassification ? .classes : .values,
      format: .pickle, library: "scikit-learn", libraryVersion: versionText,
      features: try features(ensemble.featureCount), labels: labels)
  }

  /// The model of one forest.
  func model(_ parts: ScikitLearnParts) throws -> TreeModel {
    let forest = try forest(parts, featureCount: featureCount())
    guard let classes = parts.outputClasses else {
      return try model(.forest(forest), labels: parts.labels)
    }
    return try model(
      .combination(
        try Combination(
          featureCount: forest.featureCount, baseMargins: classes.map { _ in 0 },
          members: [Combination.Member(.forest(forest), reading: .margins)],
          rule: .classes(classes), objective: forest.objective)))
  }

  /// Checks the parts of a forest.
  func forest(_ parts: ScikitLearnParts, featureCount: Int) throws -> Forest {
    do {
      return try Forest(
        featureCount: featureCount, baseMargins: parts.baseMargins, trees: parts.trees,
        objective: parts.objective, summation: parts.summation)
    } catch {
      throw ModelFormatError(.malformed, error.description)
    }
  }

  /// The number of features; those of the first estimator within where the estimator itself does
  /// not say.
  func featureCount() throws -> Int {
    let count = try Self.featureCount(fields) ?? firstEstimator().flatMap(Self.featureCount)
    guard let count, 0...ModelFormat.maximumFeatureCount ~= count else {
      throw ModelFormatError(
        .malformed, "expected between 0 and \(ModelFormat.maximumFeatureCount) features",
        remedy: "fit the estimator before it is pickled"
      ).inside("n_features_in_")
    }
    return count
  }

  private static func featureCount(_ fields: PickleFields) throws -> Int? {
    try fields.optional("n_features_in_", PickleGraph.integer, "a whole number")
      ?? fields.optional("n_features_", PickleGraph.integer, "a whole number")
      ?? fields.optional("_n_features", PickleGraph.integer, "a whole number")
  }

  private func firstEstimator() throws -> PickleFields? {
    guard let first = fields["estimators_"].flatMap(graph.elements)?.first,
      case .object(let object) = graph[first]
    else { return nil }
    return try PickleFields(object, in: graph)
  }

  func features(_ count: Int) throws -> [Feature] {
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

/// What the kinds of estimator that are one forest differ in.
struct ScikitLearnParts {
  var baseMargins: [Float]
  var trees: [Tree]
  var objective: Objective
  var summation: Summation
  var labels: ClassLabels?
  /// The classes of each of several outputs, whose shares follow each other in the margins.
  var outputClasses: [[Float]]?
}
