import Forest

/// An XGBoost estimator or booster in a pickle.
///
/// The model itself is the memory of XGBoost's library, as bytes in the booster's state: a document
/// like that of `save_model` with the training parameters beside the model, and before 1.3 the binary
/// format.
struct PickledXGBoost {
  private let graph: PickleGraph
  private let object: PickleObject

  init(_ object: PickleObject, in graph: PickleGraph) {
    self.object = object
    self.graph = graph
  }

  /// The bytes of the model.
  var size: Int {
    let booster = object.kind == .booster ? object : booster
    let fields = booster.flatMap { try? PickleFields($0, in: graph) }
    return fields?["handle"].flatMap(graph.bytes)?.count ?? 0
  }

  /// The booster of an estimator.
  private var booster: PickleObject? {
    guard let fields = try? PickleFields(object, in: graph), let booster = fields["_Booster"],
      case .object(let booster) = graph[booster], booster.kind == .booster
    else { return nil }
    return booster
  }

  func treeModel() throws -> TreeModel {
    guard object.kind != .booster else {
      return try model(of: object, isEstimator: false).treeModel(format: .pickle)
    }
    let fields = try PickleFields(object, in: graph)
    guard let booster else {
      throw ModelFormatError(
        .malformed, "the estimator holds no booster", remedy: "fit it before it is pickled",
        offset: object.offset
      ).inside("_Booster")
    }
    do {
      let model = try model(of: booster, isEstimator: true)
      try checkRounds(model, fields)
      var tree = try model.treeModel(format: .pickle)
      if let preprocessing = try Self.missing(fields, columnCount: tree.features.count) {
        tree = tree.behind(preprocessing, features: tree.features)
      }
      if tree.objective.task.isClassification {
        let labels = try PickledLabels.labels(of: fields, count: tree.ensemble.classCount)
        tree.labels = labels?.names
        tree.classValues = labels?.numbers
      }
      return tree
    } catch {
      throw ModelFormatError(wrapping: error).inside("_Booster")
    }
  }

  /// Estimators can be told to take another number than NaN for missing; NaN is missing even then.
  private static func missing(
    _ fields: PickleFields, columnCount: Int
  ) throws -> Preprocessing? {
    let missing = try fields.optional("missing", PickleGraph.number, "a number") ?? .nan
    guard !missing.isNaN else { return nil }
    // XGBoost compares in float32.
    let operation = ColumnOperation.replace(Double(Float(missing)), with: .nan)
    return try Preprocessing(
      columnCount: columnCount,
      stages: [.columns((0..<columnCount).map { Preprocessing.Column($0, [operation]) })])
  }

  /// Since 0.80 estimators predict up to the best round. 0.82 is the first whose pickles differ.
  private func checkRounds(_ model: XGBoostModel, _ fields: PickleFields) throws {
    guard model.version.isEmpty, let best = model.bestIteration, let trees = model.trees,
      fields["importance_type"] == nil
    else { return }
    guard best >= trees.count - 1 else {
      throw ModelFormatError(
        .unsupported,
        "XGBoost 0.81 or before pickled it, and whether its predict stops at the best round is not told",
        remedy: "pickle its booster, get_booster(), which predicts with all trees")
    }
  }

  private func model(of booster: PickleObject, isEstimator: Bool) throws -> XGBoostModel {
    let fields = try PickleFields(booster, in: graph)
    guard let bytes = fields["handle"].flatMap(graph.bytes) else {
      throw ModelFormatError(
        .malformed, "the booster holds no bytes", remedy: "train it before it is pickled",
        offset: booster.offset
      ).inside("handle")
    }
    do {
      let format = try ModelFormat.detect(bytes)
      var model = try bytes.withUnsafeBufferPointer {
        try XGBoostModel(parsing: $0, format: format)
      }
      // The marks of a file do not count here: it is the class that tells how it predicts.
      model.isFromScikitLearn = isEstimator
      model.isClassifier = isEstimator && object.kind.isClassifier
      // Before 1.3 it was Python's only.
      if model.bestTreeLimit == nil {
        model.bestTreeLimit = fields["best_ntree_limit"].flatMap(graph.integer)
      }
      // Before 1.4 the names were Python's only.
      if model.featureNames.isEmpty {
        model.featureNames = fields["feature_names"].flatMap(graph.texts) ?? []
      }
      if model.featureTypes.isEmpty {
        model.featureTypes = fields["feature_types"].flatMap(graph.texts) ?? []
      }
      return model
    } catch {
      var error = ModelFormatError(wrapping: error)
      error.offset = error.offset.map { $0 + bytes.startIndex }
      throw error.inside("handle")
    }
  }
}
