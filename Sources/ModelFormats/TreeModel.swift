public import Forest

/// A tree model as its file tells it: the forest, its features and where it comes from.
///
/// ```swift
/// let model = try TreeModel.read(contentsOf: "models/iris/1/model.json")
/// let margins = ReferenceEngine(model.forest).margins(rows)
/// ```
///
/// Reading runs nothing that the file contains. Any bytes give either a model or a
/// ``ModelFormatError``, in time and memory linear in their number.
public struct TreeModel: Sendable {
  /// The trees, the base margins and the objective.
  ///
  /// They answer what the library's own `predict` answers for this file; see ``bestIteration``.
  public let forest: Forest
  /// The format of the file.
  public let format: ModelFormat
  /// The library that wrote the model, such as `xgboost`.
  public let library: String
  /// The version of that library, such as `1.7.6`; nil when the file does not say.
  public let libraryVersion: String?
  /// The columns of a row, in order: names (`f0`, `f1`, … where the file has none), types and
  /// categories.
  public internal(set) var features: [Feature]
  /// The name of each class, where the file tells them: labels that are text, or other numbers than
  /// 0, 1, 2, ….
  public internal(set) var labels: [String]?
  /// The best round of training that stopped early, counted from 0.
  ///
  /// The forest ends with this round only where the library's `predict` would: in models that
  /// XGBoost's scikit-learn classes saved. A plain `Booster` predicts with all of its trees.
  public let bestIteration: Int?
  /// Whether the library's own `predict` answers with the class: that of an estimator which
  /// classifies does, that of a bare booster gives the transformed prediction.
  public internal(set) var predictsClass = false

  /// Reads a model file; its format is told by its contents.
  ///
  /// - Parameter path: a regular file of at most 2 GiB.
  /// - Throws: ``ModelFormatError``.
  public static func read(contentsOf path: String) throws(ModelFormatError) -> TreeModel {
    do {
      return try read(ModelFile.bytes(at: path))
    } catch {
      var error = error
      error.file = path
      throw error
    }
  }

  /// Reads a model from memory; its format is told by its contents.
  ///
  /// - Throws: ``ModelFormatError``.
  public static func read(_ bytes: [UInt8]) throws(ModelFormatError) -> TreeModel {
    let format = try ModelFormat.detect(bytes)
    do {
      return try read(bytes, format)
    } catch {
      throw ModelFormatError(wrapping: error)
    }
  }

  private static func read(_ bytes: [UInt8], _ format: ModelFormat) throws -> TreeModel {
    if format == .pickle { return try PickledModel.read(bytes) }
    return try bytes.withUnsafeBufferPointer { try document($0, format) }
  }

  /// Reads a document of XGBoost or LightGBM, which may also stand within another file.
  static func document(
    _ bytes: UnsafeBufferPointer<UInt8>, _ format: ModelFormat
  ) throws -> TreeModel {
    switch format {
    case .xgboostJSON where LightGBMDump.isDump(bytes), .lightgbmJSON:
      try LightGBMDump.read(bytes)
    case .lightgbmText: try LightGBMText.read(bytes)
    default: try XGBoostModel.read(bytes, format: format)
    }
  }
}
