import Forest

/// Compiles scikit-learn's transformers, one after another, into columns that are each made of one.
struct ColumnPipeline {
  /// A column under way.
  struct Column {
    /// The column of the stage's input.
    let source: Int
    var operations: [ColumnOperation] = []
    /// The text that an imputer put in the place of missing values, until an encoder gives it a code.
    var textForMissing: String?

    /// The column after one more step.
    func then(_ operation: ColumnOperation) -> Column {
      var column = self
      column.operations.append(operation)
      return column
    }
  }

  /// What a transformer makes.
  struct Output {
    var columns: [Column]
    /// Whether scikit-learn hands a sparse matrix on.
    var isSparse = false
  }

  let graph: PickleGraph
  /// The columns that a caller sends; encoders name their categories.
  private(set) var features: [Feature]
  private var output: Output
  /// The stages that are finished; columns under way read what they make.
  private var stages: [Preprocessing.Stage] = []
  private var size = 0

  /// A pipeline that does nothing yet.
  init(features: [Feature], graph: PickleGraph) {
    self.features = features
    self.graph = graph
    output = Output(columns: features.indices.map { Column(source: $0) })
  }

  /// Adds a transformer of whole rows.
  mutating func append(_ transformer: PickleObject) throws {
    if transformer.kind == .normalizer {
      return try normalize(PickleFields(transformer, in: graph))
    }
    output = try transformed(output, by: transformer)
  }

  /// Counts what takes memory: a few bytes can point to the same categories again and again.
  mutating func charge(_ count: Int) throws {
    size += count
    guard size <= Preprocessing.maximumSize else {
      throw ModelFormatError(
        .tooLarge, "the transformers make more than \(Preprocessing.maximumSize) columns and codes")
    }
  }

  /// The model that reads the columns, with all this ahead of it.
  func model(_ last: TreeModel) throws -> TreeModel {
    guard last.preprocessing == nil || last.features.allSatisfy({ $0.categories == nil }) else {
      throw ModelFormatError(
        .unsupported, "categories of text behind other transformers are not supported")
    }
    var columns = output.columns
    if output.isSparse, last.library == "xgboost" {
      // XGBoost takes what a sparse matrix leaves out for missing.
      columns = columns.map { $0.then(.replace(0, with: .nan)) }
    }
    let preprocessing = try Preprocessing(
      columnCount: features.count,
      stages: stages + [Self.stage(columns)] + (last.preprocessing?.stages ?? []))
    guard preprocessing.outputCount == last.ensemble.featureCount else {
      throw ModelFormatError(
        .malformed,
        "the model reads \(last.ensemble.featureCount) columns, but the transformers make "
          + "\(preprocessing.outputCount)")
    }
    return last.behind(preprocessing, features: features)
  }

  private static func stage(_ columns: [Column]) -> Preprocessing.Stage {
    .columns(columns.map { Preprocessing.Column($0.source, $0.operations) })
  }

  /// `Normalizer` divides each row by its length: it needs all columns at once.
  private mutating func normalize(_ fields: PickleFields) throws {
    let norm: Preprocessing.Norm
    switch fields["norm"].flatMap(graph.text) {
    case "l1": norm = .sum
    case "l2": norm = .euclidean
    case "max": norm = .largest
    default: throw ModelFormatError(.unsupported, "the norm is not known").inside("norm")
    }
    stages += [Self.stage(output.columns), .normalize(norm, roundsToFloat: false)]
    output.columns = output.columns.indices.map { Column(source: $0) }
  }

  /// The code of each category of text, in a column that a caller sends as text.
  mutating func codes(of texts: [String], in column: Column) throws -> [String: Double] {
    guard stages.isEmpty, column.operations.isEmpty else {
      throw ModelFormatError(.unsupported, "a transformer of numbers stands ahead of texts")
    }
    // Several encoders may read one column.
    var known = features[column.source].categories ?? []
    var codes: [String: Double] = [:]
    for (code, text) in known.enumerated() { codes[text] = Double(code) }
    for text in texts where codes[text] == nil {
      codes[text] = Double(known.count)
      known.append(text)
    }
    features[column.source].categories = known
    features[column.source].type = .categorical
    return codes
  }
}
