import Forest
import JSON

/// The fields of an XGBoost model, as JSON and UBJSON both write them.
///
/// The fields may come in any order; unknown ones are ignored. What they mean is told in
/// docs/formats/xgboost.md.
struct XGBoostModel {
  var version: [Int32] = []
  var objective: String?
  var booster: String?
  var baseScores: [Float]?
  /// Whether the base score is a margin already, as before 1.0.
  var baseScoreIsMargin = false
  var classCount = 0
  var targetCount = 1
  var featureCount: Int?
  var featureNames: [String] = []
  var featureTypes: [String] = []
  var categories: [[String]?] = []
  var trees: [XGBoostTree]?
  /// Whether any split of them asks for categories.
  var hasCategorySplits = false
  /// The gains of each feature's splits, summed up; features after the last with a split are missing.
  var featureGains: [Double] = []
  /// The weights of a linear booster: a row of outputs for each feature, and one of biases.
  var linearWeights: [Float]?
  var treeOutputs: [Int32] = []
  /// The weight of each tree, in dart models.
  var treeWeights: [Float] = []
  /// The first tree of each round, and the number of trees; versions before 2.0 leave it out.
  var roundStarts: [Int32] = []
  var parallelTreeCount = 1
  var bestIteration: Int?
  /// The trees of an output up to the best round. The binary format tells the trees of a round in
  /// no other way.
  var bestTreeLimit: Int?
  var isFromScikitLearn = false
  /// Whether it was saved by an estimator that is a classifier.
  var isClassifier = false
  var hasLearner = false
  private var readsBaseWeights = false
  private var needsBaseWeights = false

  /// Whether the library's own `predict` answers a class.
  var answersClasses: Bool { isClassifier || objective == "multi:softmax" }

  /// Reads a model in one of XGBoost's formats.
  static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, format: ModelFormat
  ) throws -> TreeModel {
    try XGBoostModel(parsing: bytes, format: format).treeModel(format: format)
  }

  /// Reads the fields from one of XGBoost's formats.
  init(parsing bytes: UnsafeBufferPointer<UInt8>, format: ModelFormat) throws {
    try parse(bytes, format)
    if needsBaseWeights {
      self = XGBoostModel(readsBaseWeights: true)
      try parse(bytes, format)
    }
  }

  private init(readsBaseWeights: Bool) {
    self.readsBaseWeights = readsBaseWeights
  }

  private mutating func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, _ format: ModelFormat
  ) throws {
    switch format {
    case .xgboostBinary: try readBinary(bytes)
    case .xgboostUBJSON: try UBJSONScanner.read(bytes) { try readDocument(&$0) }
    default: try JSONScanner.read(bytes, allowsNonFinite: true) { try readDocument(&$0) }
    }
    guard hasLearner else {
      throw ModelFormatError(
        .unknownFormat, "this is no XGBoost model: there is no \"learner\" in it",
        remedy: "save the model with save_model; dump_model and to_json leave parts of it out")
    }
  }

  private mutating func readDocument(_ scanner: inout some DocumentScanner & ~Copyable) throws {
    try scanner.fields { key, scanner in
      switch key {
      // The memory of a booster, as pickles have it, is a model within a document.
      case "Model": try readDocument(&scanner)
      case "learner":
        hasLearner = true
        try readLearner(&scanner)
      case "version":
        version = []
        try scanner.integers(into: &version)
      default: try scanner.skip()
      }
    }
  }

  private mutating func readLearner(_ scanner: inout some DocumentScanner & ~Copyable) throws {
    try scanner.fields { key, scanner in
      switch key {
      case "attributes": try readAttributes(&scanner)
      case "feature_names": featureNames = try scanner.strings()
      case "feature_types": featureTypes = try scanner.strings()
      case "gradient_booster": try readBooster(&scanner)
      case "learner_model_param": try readParameters(&scanner)
      case "objective":
        try scanner.fields { key, scanner in
          if key == "name" { objective = try scanner.string() } else { try scanner.skip() }
        }
      default: try scanner.skip()
      }
    }
  }

  private mutating func readAttributes(_ scanner: inout some DocumentScanner & ~Copyable) throws {
    try scanner.fields { key, scanner in
      switch key {
      case "best_iteration", "scikit_learn": try readAttribute(key, scanner.string())
      default: try scanner.skip()
      }
    }
  }

  /// Takes what matters of an attribute.
  mutating func readAttribute(_ key: String, _ value: String) throws {
    switch key {
    case "best_iteration":
      guard let round = Int(value) else {
        throw ModelFormatError(.malformed, "expected a whole number, found \(value.quoted)")
          .inside("best_iteration")
      }
      bestIteration = round
    case "best_ntree_limit": bestTreeLimit = Int(value)
    case "scikit_learn":
      isFromScikitLearn = true
      // Python's description of the estimator, as JSON in a string.
      isClassifier = value.contains("\"classifier\"") || value.contains("Classifier\"")
    default: break
    }
  }

  private mutating func readParameters(_ scanner: inout some DocumentScanner & ~Copyable) throws {
    try scanner.fields { key, scanner in
      switch key {
      case "base_score": baseScores = try Self.baseScores(scanner.string())
      case "num_class": classCount = try scanner.parameter()
      case "num_target": targetCount = try scanner.parameter()
      case "num_feature": featureCount = try scanner.parameter()
      default: try scanner.skip()
      }
    }
  }

  /// Reads `5E-1`, as versions before 3.1 write, or `[5E-1,2E0]`.
  private static func baseScores(_ text: String) throws -> [Float] {
    var scores: [Float] = []
    var bytes = Array(text.utf8)
    if bytes.first != UInt8(ascii: "[") {
      bytes = [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")]
    }
    do {
      try bytes.withUnsafeBufferPointer { bytes in
        try JSONScanner.read(bytes) { try $0.floats(into: &scores) }
      }
    } catch {
      throw ModelFormatError(.malformed, "expected numbers, found \(text.quoted)")
    }
    return scores
  }

  /// Reads the booster; dart holds one of gbtree within itself.
  private mutating func readBooster(
    _ scanner: inout some DocumentScanner & ~Copyable, isInner: Bool = false
  ) throws {
    try scanner.fields { key, scanner in
      switch key {
      case "name" where !isInner: booster = try scanner.string()
      case "gbtree" where !isInner: try readBooster(&scanner, isInner: true)
      case "model": try readTrees(&scanner)
      case "weight_drop": try readWeights(&scanner)
      default: try scanner.skip()
      }
    }
  }

  private mutating func readWeights(_ scanner: inout some DocumentScanner & ~Copyable) throws {
    treeWeights = []
    try scanner.floats(into: &treeWeights)
  }

  private mutating func readTrees(_ scanner: inout some DocumentScanner & ~Copyable) throws {
    try scanner.fields { key, scanner in
      switch key {
      case "trees":
        var reader = XGBoostTreeReader(readsBaseWeights: readsBaseWeights)
        var trees: [XGBoostTree] = []
        try scanner.elements { _, scanner in trees.append(try reader.read(&scanner)) }
        self.trees = trees
        featureGains = reader.featureGains
        hasCategorySplits = reader.hasCategorySplits
        needsBaseWeights = reader.needsBaseWeights
      case "tree_info":
        treeOutputs = []
        try scanner.integers(into: &treeOutputs)
      case "iteration_indptr":
        roundStarts = []
        try scanner.integers(into: &roundStarts)
      case "weight_drop": try readWeights(&scanner)
      case "weights":
        var weights: [Float] = []
        try scanner.floats(into: &weights)
        linearWeights = weights
      case "cats": categories = try XGBoostCategories.read(&scanner)
      case "gbtree_model_param":
        try scanner.fields { key, scanner in
          switch key {
          case "num_parallel_tree": parallelTreeCount = max(1, try scanner.parameter())
          default: try scanner.skip()
          }
        }
      default: try scanner.skip()
      }
    }
  }
}
