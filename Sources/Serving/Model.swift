public import Forest
public import ModelFormats

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One loaded version of a model: never changes, and any number of threads may predict with it.
public final class Model: Sendable {
  /// Its name and version.
  public let id: ModelID
  /// The file's format, such as `xgboost_json`.
  public let format: String
  /// The kind of answer that it gives.
  public let task: ModelTask
  /// The columns of a row, in order.
  public let features: [Feature]
  /// The column of each feature, by name.
  public let featurePositions: [String: Int]
  /// The name of each class; nil when the model is no classifier or the names are not known.
  public let labels: [String]?
  /// What can be asked of it.
  public let outputs: [Output]

  /// The number of trees.
  public let treeCount: Int

  /// What ``Output/predict`` answers.
  public let answers: TreeModel.Answers
  /// The number of margins of a row.
  public let outputCount: Int

  private let classValues: [Float]?
  private let engine: EnsembleEngine
  private let details: ForestDetails?

  /// Reads a model file and checks it on the manifest's examples.
  ///
  /// - Throws: ``ModelLoadError`` when the file is no model, the manifest contradicts it, or the
  ///   model does not reproduce an example.
  public init(id: ModelID, file: String, manifest: Manifest = Manifest()) throws(ModelLoadError) {
    let tree: TreeModel
    do {
      tree = try TreeModel.read(contentsOf: file)
    } catch {
      throw ModelLoadError(place: file, message: "the model cannot be read", cause: error)
    }
    let objective = tree.objective
    self.id = id
    self.format = tree.format.rawValue
    self.task = objective.task
    self.treeCount = tree.ensemble.treeCount
    self.outputCount = tree.ensemble.outputCount
    // A manifest that speaks of classes means them, whatever the file says.
    self.answers =
      objective.task.isClassification && manifest.task == objective.task ? .classes : tree.answers
    self.classValues = tree.classValues
    self.engine = EnsembleEngine(
      tree.ensemble, preprocessing: tree.preprocessing,
      threads: ProcessInfo.processInfo.activeProcessorCount)
    self.features = manifest.features ?? tree.features
    self.featurePositions = Dictionary(
      zip(features.map(\.name), features.indices), uniquingKeysWith: { first, _ in first })
    self.labels = manifest.labels ?? tree.labels
    let details: ForestDetails? =
      if case .forest(let forest) = tree.ensemble {
        ForestDetails(
          forest, preprocessing: tree.preprocessing, numbersLeaves: tree.library == "lightgbm")
      } else {
        nil
      }
    self.details = details
    let isClassifier = objective.task.isClassification
    self.outputs = Output.allCases.filter { [labels] output in
      switch output {
      case .predict, .margin: true
      case .probabilities: isClassifier && objective.link.givesProbabilities
      case .classNumber: isClassifier
      case .label: isClassifier && labels != nil
      case .contributions: details?.hasContributions ?? false
      case .leaves: details != nil
      }
    }
    if let problem = Self.contradiction(in: manifest, to: tree) {
      throw ModelLoadError(.manifest, place: file, message: "the manifest does not fit: \(problem)")
    }
    try check(manifest.examples ?? [], of: file)
  }

  /// The number of classes of a classifier, 1 otherwise.
  public var classCount: Int { engine.ensemble.classCount }

  private var objective: Objective { engine.ensemble.objective }

  /// Computes the outputs of rows.
  ///
  /// - Parameters:
  ///   - rows: one row a prediction, with as many columns as there are ``features``.
  ///   - outputs: some of the model's ``outputs``.
  /// - Throws: ``PredictionError`` with the code `invalidRequest` when either does not fit.
  public func predict(_ rows: Matrix, outputs wanted: [Output]) throws(PredictionError)
    -> Prediction
  {
    try check(columnCount: rows.columnCount)
    for output in wanted where !outputs.contains(output) {
      throw PredictionError(
        .invalidRequest,
        "model \(id.name) has no output \"\(output.rawValue)\"; "
          + "it has \(outputs.map(\.rawValue).joined(separator: ", "))", field: "outputs")
    }
    let margins = wanted.allSatisfy(\.isCostly) ? [] : engine.margins(rows)
    var predictions = margins
    objective.link.apply(to: &predictions, outputCount: outputCount)
    var values: [Output: Matrix] = [:]
    for output in wanted {
      switch output {
      case .margin: values[output] = matrix(margins, like: rows)
      case .predict: values[output] = matrix(answers(from: predictions), like: rows)
      case .classNumber, .label:
        values[output] = matrix(classes(from: predictions).map { Float($0) }, like: rows)
      case .probabilities: values[output] = matrix(probabilities(from: predictions), like: rows)
      case .contributions: values[output] = try details?.contributions(rows)
      case .leaves: values[output] = try details?.leaves(rows)
      }
    }
    return Prediction(values: values)
  }

  /// Checks the number of values in a row.
  ///
  /// - Throws: ``PredictionError`` that names the features that are missing or how many are too much.
  public func check(columnCount: Int, field: String = "data") throws(PredictionError) {
    guard columnCount != features.count else { return }
    let takes = "\(id.name) takes \(features.count) features"
    let difference =
      columnCount < features.count
      ? "missing: \(features[columnCount...].prefix(20).map(\.name).joined(separator: ", "))"
      : "there are \(columnCount - features.count) too many"
    throw PredictionError(
      .invalidRequest,
      "\(takes) (\(features.prefix(20).map(\.name).joined(separator: ", "))"
        + "\(features.count > 20 ? ", …" : "")), but the row has \(columnCount); \(difference)",
      field: field)
  }

  /// Whether ``Output/predict`` is a class: its number, or its label where that is a number.
  public var predictsClass: Bool { answers == .classes && task.isClassification }

  /// Whether ``Output/predict`` is always a whole number.
  public var predictsWholeNumbers: Bool {
    predictsClass && (classValues?.allSatisfy { Int32(exactly: $0) != nil } ?? true)
  }

  /// The answer of the object in the file to its own `predict`.
  private func answers(from predictions: [Float]) -> [Float] {
    guard predictsClass else { return predictions }
    return classes(from: predictions).map { number in classValues?[number] ?? Float(number) }
  }

  private func classes(from predictions: [Float]) -> [Int] {
    objective.classes(of: predictions, outputCount: outputCount)
  }

  private func probabilities(from predictions: [Float]) -> [Float] {
    task == .binary ? predictions.flatMap { [1 - $0, $0] } : predictions
  }

  private func matrix(_ values: [Float], like rows: Matrix) -> Matrix {
    Matrix(
      rowCount: rows.rowCount, columnCount: rows.rowCount == 0 ? 0 : values.count / rows.rowCount,
      values: values)
  }
}

extension Model {
  private static func contradiction(in manifest: Manifest, to model: TreeModel) -> String? {
    if let features = manifest.features, features.count != model.features.count {
      return "it names \(features.count) features, but the model has \(model.features.count)"
    }
    if let features = manifest.features, Set(features.map(\.name)).count != features.count {
      return "two features have the same name"
    }
    if let task = manifest.task, task != model.objective.task {
      return "its task is \(task.rawValue), but the model's objective is \(model.objective.name)"
    }
    if let labels = manifest.labels, labels.count != model.ensemble.classCount {
      return "it names \(labels.count) classes, but the model has \(model.ensemble.classCount)"
    }
    return nil
  }

  /// Predicts the examples and compares: a file that was damaged, or that a library read another
  /// way, must not answer anyone.
  private func check(_ examples: [Manifest.Example], of file: String) throws(ModelLoadError) {
    for (index, example) in examples.enumerated() {
      guard example.row.count == features.count else {
        throw ModelLoadError(
          .examples, place: file,
          message: "example \(index) of the manifest has \(example.row.count) values, "
            + "but the model has \(features.count) features")
      }
      let predictions = engine.predictions(
        Matrix(rowCount: 1, columnCount: features.count, values: example.row.map { $0 ?? .nan }))
      let matches =
        predictions.count == example.prediction.count
        && zip(predictions, example.prediction).allSatisfy { found, expected in
          abs(found - expected) <= 1e-6 * max(1, abs(expected))
        }
      guard matches else {
        throw ModelLoadError(
          .examples, place: file,
          message: "it does not reproduce example \(index) of its manifest: "
            + "expected \(example.prediction), got \(predictions)")
      }
    }
  }
}
