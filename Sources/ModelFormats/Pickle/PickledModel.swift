import Forest

/// Finds the one model in what a pickle holds, and the names that lie beside it.
///
/// People pickle a model alone, or a list, tuple or dictionary of it and the names of its classes
/// or features.
struct PickledModel {
  /// The most values that are looked at, and the largest container that is.
  private static let maximumVisitCount = 1000

  private let graph: PickleGraph
  /// The bytes of the pickle.
  private let size: Int
  private var models: [(object: PickleObject, path: String)] = []
  private var transformers: [(kind: PickleClass, path: String)] = []
  private var texts: [(values: [String], path: String)] = []
  private var visited: Set<Int32> = []

  /// Reads a pickle.
  static func read(_ bytes: [UInt8]) throws -> TreeModel {
    var machine = PickleMachine(bytes)
    let root = try machine.run()
    return try PickledModel(graph: machine.graph, root: root, size: bytes.count).treeModel()
  }

  private init(graph: PickleGraph, root: PickleValue, size: Int) throws {
    self.graph = graph
    self.size = size
    var level = [(value: root, path: "")]
    // Containers within containers: as deep as anyone goes.
    for _ in 0..<4 {
      level = try level.flatMap { try visit($0.value, $0.path) }
    }
  }

  /// Notes a value, and returns those within it.
  private mutating func visit(
    _ value: PickleValue, _ path: String
  ) throws -> [(value: PickleValue, path: String)] {
    guard case .node(let number) = value, visited.count < Self.maximumVisitCount,
      visited.insert(number).inserted
    else { return [] }
    if texts.count < 16, let texts = graph.texts(value), !texts.isEmpty {
      self.texts.append((texts, path))
      return []
    }
    switch graph[value] {
    case .object(let object) where object.kind == .labelEncoder:
      let classes = try PickleFields(object, in: graph)["classes_"]
      if let texts = classes.flatMap(graph.texts) { self.texts.append((texts, path)) }
    case .object(let object) where object.kind.isTransformer:
      transformers.append((object.kind, path))
    case .object(let object) where object.kind.library != nil:
      models.append((object, path))
    case .list(let elements) where elements.count <= Self.maximumVisitCount,
      .tuple(let elements) where elements.count <= Self.maximumVisitCount:
      return elements.enumerated().map { ($1, path + "[\($0)]") }
    case .dictionary(let entries) where entries.count <= Self.maximumVisitCount:
      return stride(from: 0, to: entries.count, by: 2).map { index in
        let key = graph.text(entries[index]) ?? "\(index / 2)"
        return (entries[index + 1], path + "[\(key.quoted)]")
      }
    default: break
    }
    return []
  }

  private func treeModel() throws -> TreeModel {
    guard let (object, path) = models.first else {
      throw ModelFormatError(
        .unknownFormat, "there is no model in this pickle",
        remedy: "pickle the model itself, or a list or dictionary that holds it")
    }
    guard models.count == 1 else {
      throw ModelFormatError(
        .unsupported,
        "there are \(models.count) models in this pickle, the second at \(models[1].path)",
        remedy: "pickle one model a file")
    }
    if let (kind, path) = transformers.first {
      throw ModelFormatError(
        .unsupported,
        "there is a \(kind.rawValue) beside the model, and what it is for cannot be told",
        remedy: "pickle a Pipeline of both"
      ).inside(path)
    }
    do {
      var reader = EstimatorReader(graph: graph, size: size)
      var model = try reader.model(object)
      name(&model)
      return model
    } catch {
      let error = ModelFormatError(wrapping: error)
      throw path.isEmpty ? error : error.inside(path)
    }
  }

  /// Takes names from beside the model for classes or features that have none of their own.
  private func name(_ model: inout TreeModel) {
    let task = model.objective.task
    let classCount = model.ensemble.classCount
    let isUnnamed = model.features.enumerated().allSatisfy { $1.name == "f\($0)" }
    for (values, path) in texts where Set(values).count == values.count {
      let isOfFeatures = path.contains("feature") || path.contains("column")
      if task.isClassification, model.labels == nil, values.count == classCount, !isOfFeatures {
        model.labels = values
      } else if isUnnamed, values.count == model.features.count {
        for (index, name) in values.enumerated() { model.features[index].name = name }
      }
    }
  }
}
