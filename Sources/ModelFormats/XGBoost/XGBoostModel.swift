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
  var classCount = 0
  var targetCount = 1
  var featureCount: Int?
  var featureNames: [String] = []
  var featureTypes: [String] = []
  var categories: [[String]?] = []
  var trees: [XGBoostTree]?
  var treeOutputs: [Int32] = []
  /// The weight of each tree, in dart models.
  var treeWeights: [Float] = []
  /// The first tree of each round, and the number of trees; versions before 2.0 leave it out.
  var roundStarts: [Int32] = []
  var parallelTreeCount = 1
  var bestIteration: Int?
  var isFromScikitLearn = false
  /// Whether it was saved by an estimator that is a classifier.
  var isClassifier = false
  private var hasLearner = false

  /// Whether the library's own `predict` answers a class.
  var answersClasses: Bool { isClassifier || objective == "multi:softmax" }

  /// Reads a model from a document in the format.
  static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, format: ModelFormat
  ) throws -> TreeModel {
    try XGBoostModel(parsing: bytes, format: format).treeModel(format: format)
  }

  /// Reads the fields from a document.
  ///
  /// - Parameter format: JSON or UBJSON.
  init(parsing bytes: UnsafeBufferPointer<UInt8>, format: ModelFormat) throws {
    if format == .xgboostUBJSON {
      try UBJSONScanner.read(bytes) { try readDocument(&$0) }
    } else {
      try JSONScanner.read(bytes, allowsNonFinite: true) { try readDocument(&$0) }
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
      case "best_iteration": bestIteration = try scanner.parameter()
      case "scikit_learn":
        isFromScikitLearn = true
        // Python's description of the estimator, as JSON in a string.
        let text = try scanner.string()
        isClassifier = text.contains("\"classifier\"") || text.contains("Classifier\"")
      default: try scanner.skip()
      }
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
        var reader = XGBoostTreeReader()
        var trees: [XGBoostTree] = []
        try scanner.elements { _, scanner in trees.append(try reader.read(&scanner)) }
        self.trees = trees
      case "tree_info":
        treeOutputs = []
        try scanner.integers(into: &treeOutputs)
      case "iteration_indptr":
        roundStarts = []
        try scanner.integers(into: &roundStarts)
      case "weight_drop": try readWeights(&scanner)
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
