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
  public let features: [Feature]
  /// The best round of training that stopped early, counted from 0.
  ///
  /// The forest ends with this round only where the library's `predict` would: in models that
  /// XGBoost's scikit-learn classes saved. A plain `Booster` predicts with all of its trees.
  public let bestIteration: Int?

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
      return try bytes.withUnsafeBufferPointer { bytes in
        switch format {
        case .xgboostJSON where LightGBMDump.isDump(bytes), .lightgbmJSON:
          try LightGBMDump.read(bytes)
        case .xgboostJSON, .xgboostUBJSON: try XGBoostModel.read(bytes, format: format)
        case .lightgbmText: try LightGBMText.read(bytes)
        }
      }
    } catch {
      throw ModelFormatError(wrapping: error)
    }
  }
}
