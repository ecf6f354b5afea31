import Forest

/// A model as today's XGBoost writes it, made of whatever model can be said so: the way out of old
/// files.
///
/// ```swift
/// let document = try XGBoostDocument(TreeModel.read(contentsOf: "old.bin"))
/// let bytes = document.ubjson()
/// ```
///
/// XGBoost adds float32 leaves in float32. A model that is made of float64 leaves is rounded, and
/// ``remarks`` says so.
public struct XGBoostDocument: Sendable {
  /// What the document says otherwise than the model, in sentences; empty where nothing is lost.
  public private(set) var remarks: [String] = []

  let model: TreeModel
  let objective: XGBoostObjective
  /// One for each output, in the unit of the objective.
  private(set) var baseScores: [Float]

  /// The version whose format it is.
  static let version = [3, 4, 1]

  /// Checks that XGBoost can say the model.
  ///
  /// - Throws: ``ModelFormatError`` with the code `unsupported`, which names what it cannot say.
  public init(_ model: TreeModel) throws(ModelFormatError) {
    guard model.preprocessing == nil else {
      throw Self.unsayable("preprocessing", "convert the model behind it alone")
    }
    self.model = model
    objective = try Self.objective(model.ensemble.objective, of: model)
    let margins: [Float]
    switch model.ensemble {
    case .linear(let linear):
      guard linear.isFloat32, linear.skipsMissing else {
        throw Self.unsayable("a linear model in float64")
      }
      // The base margin is within the biases.
      margins = linear.biases.map { _ in 0 }
    case .combination: throw Self.unsayable("several models put together")
    case .forest(let forest):
      margins = forest.baseMargins
      try Self.check(forest)
      if forest.summation != .float32 {
        remarks.append("XGBoost adds leaves as float32: answers may differ in the seventh digit.")
      }
    }
    baseScores = []
    for margin in objective.outputMargins(margins) {
      let (score, isExact) = objective.baseScore(margin)
      guard score.isFinite else { throw Self.unsayable("a base margin of \(margin)") }
      if !isExact {
        remarks.append(
          "The base margin \(margin) has no base score; \(score) is the nearest, "
            + "so that answers may differ in the last digit.")
      }
      baseScores.append(score)
    }
    if model.features.contains(where: { $0.categories != nil }) {
      remarks.append("The texts of categories are left out: rows have to hold their codes.")
    }
  }

  /// The document as JSON text.
  public func json() -> [UInt8] { written(by: JSONDocumentWriter()) }

  /// The document as UBJSON.
  public func ubjson() -> [UInt8] { written(by: UBJSONDocumentWriter()) }

  static func unsayable(_ what: String, _ remedy: String? = nil) -> ModelFormatError {
    ModelFormatError(.unsupported, "XGBoost's format cannot say \(what)", remedy: remedy)
  }

  private static func check(_ forest: Forest) throws(ModelFormatError) {
    for tree in forest.trees {
      guard tree.linearLeaves == nil else { throw unsayable("leaves that are linear models") }
      guard tree.width == 1 || tree.width == forest.outputCount else {
        throw unsayable("leaves of \(tree.width) values for \(forest.outputCount) outputs")
      }
      guard forest.summation != .mean || tree.width == 1 else {
        throw unsayable("a random forest whose leaves hold several values")
      }
      for case .split(let split) in tree.nodes where split.zeroIsMissing {
        throw unsayable("a split that takes zero for missing")
      }
    }
  }

  /// The objective of XGBoost with the same link and task.
  private static func objective(
    _ objective: Objective, of model: TreeModel
  ) throws(ModelFormatError) -> XGBoostObjective {
    let name: String
    if model.library == "xgboost" {
      name = objective.name == "reg:linear" ? "reg:squarederror" : objective.name
    } else {
      switch (objective.link, objective.task) {
      case (.identity, .regression): name = "reg:squarederror"
      case (.identity, .ranking): name = "rank:ndcg"
      case (.identity, .binary): name = "binary:logitraw"
      case (.logistic, .binary), (.float64(.logistic(scale: 1)), .binary): name = "binary:logistic"
      case (.logistic, _), (.float64(.logistic(scale: 1)), _): name = "reg:logistic"
      case (.exponential, _), (.float64(.exponential), _): name = "count:poisson"
      case (.softmax, .multiclass), (.float64(.softmax), .multiclass): name = "multi:softprob"
      default:
        throw unsayable("the objective \(objective.name.quoted) of \(model.library)")
      }
    }
    do {
      return try XGBoostObjective(name, version: version.map(Int32.init))
    } catch {
      throw ModelFormatError(wrapping: error)
    }
  }
}
