import Forest

/// A LightGBM estimator or booster in a pickle: the state of the booster is the model's text.
struct PickledLightGBM {
  private let graph: PickleGraph
  private let object: PickleObject

  init(_ object: PickleObject, in graph: PickleGraph) {
    self.object = object
    self.graph = graph
  }

  /// The bytes of the model.
  var size: Int { booster.flatMap(text)?.count ?? 0 }

  /// The booster itself, or that of an estimator.
  private var booster: PickleObject? {
    guard object.kind != .lgbmBooster else { return object }
    guard let fields = try? PickleFields(object, in: graph), let booster = fields["_Booster"],
      case .object(let booster) = graph[booster], booster.kind == .lgbmBooster
    else { return nil }
    return booster
  }

  /// The text of a booster, whose name 4.0 changed.
  private func text(of booster: PickleObject) -> ArraySlice<UInt8>? {
    guard let fields = try? PickleFields(booster, in: graph) else { return nil }
    return (fields["_handle"] ?? fields["handle"]).flatMap(graph.textBytes)
  }

  func treeModel() throws -> TreeModel {
    guard object.kind != .lgbmBooster else { return try model(of: object) }
    let fields = try PickleFields(object, in: graph)
    guard let booster else {
      throw ModelFormatError(
        .malformed, "the estimator holds no booster", remedy: "fit it before it is pickled",
        offset: object.offset
      ).inside("_Booster")
    }
    do {
      var model = try model(of: booster)
      if object.kind.isClassifier, model.objective.task.isClassification {
        model.answers = .classes
        let labels = try PickledLabels.labels(of: fields, count: model.ensemble.classCount)
        model.labels = labels?.names
        model.classValues = labels?.numbers
      }
      return model
    } catch {
      throw ModelFormatError(wrapping: error).inside("_Booster")
    }
  }

  private func model(of booster: PickleObject) throws -> TreeModel {
    let fields = try PickleFields(booster, in: graph)
    guard let text = text(of: booster) else {
      throw ModelFormatError(
        .malformed, "the booster holds no text", remedy: "train it before it is pickled",
        offset: booster.offset
      ).inside("_handle")
    }
    let best = try fields.optional("best_iteration", PickleGraph.integer, "a whole number")
    do {
      return try text.withUnsafeBufferPointer { bytes in
        // `predict` of a booster that stopped early uses the best rounds alone.
        try LightGBMText.read(bytes, format: .pickle, rounds: best.flatMap { $0 > 0 ? $0 : nil })
      }
    } catch {
      var error = ModelFormatError(wrapping: error)
      error.offset = error.offset.map { $0 + text.startIndex }
      throw error.inside("_handle")
    }
  }
}
