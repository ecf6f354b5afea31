public import Forest

/// A tree model as its file tells it: what it computes, its features and where it comes from.
///
/// ```swift
/// let model = try TreeModel.read(contentsOf: "models/iris/1/model.json")
/// let engine = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing)
/// let predictions = engine.predictions(rows)
/// ```
///
/// Reading runs nothing that the file contains. Any bytes give either a model or a
/// ``ModelFormatError``, in time and memory linear in their number.
public struct TreeModel: Sendable {
  /// What the library's own `predict` answers.
  public enum Answers: String, Sendable, Codable {
    /// The class: estimators that are classifiers.
    case classes
    /// The transformed predictions, such as probabilities: boosters, regressors.
    case values
  }

  /// What the rows go through before the ensemble reads them; nil if nothing.
  public let preprocessing: Preprocessing?
  /// The trees, the base margins and the objective, alone or put together.
  ///
  /// They predict with the trees that the library's own `predict` uses; see ``bestIteration``.
  public let ensemble: Ensemble
  /// What the library's own `predict` answers for this model.
  public internal(set) var answers: Answers
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
  /// What the library's own `predict` answers for each class, where that is a number and not the
  /// class's own.
  public internal(set) var classValues: [Float]?
  /// The best round of training that stopped early, counted from 0.
  ///
  /// The forest ends with this round only where the library's `predict` would: in models that
  /// XGBoost's scikit-learn classes saved. A plain `Booster` predicts with all of its trees.
  public let bestIteration: Int?

  /// The gains of the splits in training of each column that the ensemble reads, summed up; columns after
  /// the last with a split may be missing. Nil where the file does not tell.
  public internal(set) var featureGains: [Double]?

  /// The forest, where the model is one and reads the rows as they come.
  public var forest: Forest? {
    if preprocessing == nil, case .forest(let forest) = ensemble { forest } else { nil }
  }

  /// What the margins mean.
  public var objective: Objective { ensemble.objective }

  /// - Precondition: the preprocessing, if any, gives the columns that the ensemble reads.
  init(
    _ ensemble: Ensemble, preprocessing: Preprocessing? = nil, answers: Answers = .values,
    format: ModelFormat, library: String, libraryVersion: String?, features: [Feature],
    labels: ClassLabels? = nil, bestIteration: Int? = nil
  ) {
    self.ensemble = ensemble
    self.preprocessing = preprocessing.flatMap { $0.isIdentity ? nil : $0 }
    self.answers = answers
    self.format = format
    self.library = library
    self.libraryVersion = libraryVersion
    self.features = features
    self.labels = labels?.names
    self.classValues = labels?.numbers
    self.bestIteration = bestIteration
  }

  /// The same model behind all the preprocessing that rows of these features go through.
  ///
  /// - Precondition: the preprocessing gives the columns that the ensemble reads.
  func behind(_ preprocessing: Preprocessing, features: [Feature]) -> TreeModel {
    var model = TreeModel(
      ensemble, preprocessing: preprocessing, answers: answers, format: format, library: library,
      libraryVersion: libraryVersion, features: features, bestIteration: bestIteration)
    model.labels = labels
    model.classValues = classValues
    model.featureGains = featureGains
    return model
  }

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

  /// Reads a model from memory; its format is told by its contents, as its compression is (gzip,
  /// zlib, bzip2, xz, lzma).
  ///
  /// - Throws: ``ModelFormatError``.
  public static func read(_ bytes: [UInt8]) throws(ModelFormatError) -> TreeModel {
    do {
      // A number that begins an old XGBoost model may look like the mark of a compression.
      let isBinary = XGBoostBinaryHeader(Array(bytes.prefix(1024))) != nil
      let compression = isBinary ? nil : Compression(bytes)
      let bytes = try compression?.unpack(bytes) ?? bytes
      let format = try ModelFormat.detect(bytes)
      return try read(bytes, format)
    } catch {
      throw ModelFormatError(wrapping: error)
    }
  }

  private static func read(_ bytes: [UInt8], _ format: ModelFormat) throws -> TreeModel {
    if format == .pickle { return try PickledModel.read(bytes) }
    if format == .onnx { return try ONNXReader.read(bytes) }
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
    case .catboostBinary: try CatBoostBinary.read(UnsafeRawBufferPointer(bytes))
    case .xgboostJSON where CatBoostJSON.isModel(bytes), .catboostJSON:
      try CatBoostJSON.read(bytes)
    default: try XGBoostModel.read(bytes, format: format)
    }
  }
}
