import Forest

/// An objective of LightGBM and its parameters, as the file writes them: `multiclassova num_class:3
/// sigmoid:1`.
struct LightGBMObjective {
  let name: String
  let task: ModelTask
  let link: Link
  /// The number of classes that a multiclass objective tells.
  private let classCount: Int?

  /// Reads an objective; nil is one of the user's own, whose margins are the predictions.
  init(_ text: String?) throws {
    let words = (text ?? "custom").split(separator: " ").map(String.init)
    name = words.first ?? ""
    classCount = try Self.parameter("num_class", of: words).flatMap { Int(exactly: $0) }
    let scale = try Self.parameter("sigmoid", of: words) ?? 1
    guard scale > 0, scale.isFinite else {
      throw Self.error(.malformed, "the factor \(scale) of the sigmoid is not positive")
    }
    (task, link) =
      switch name {
      case "regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape":
        (.regression, words.contains("sqrt") ? .float64(.signedSquare) : .identity)
      case "poisson", "gamma", "tweedie": (.regression, .float64(.exponential))
      case "binary": (.binary, .float64(.logistic(scale: scale)))
      case "multiclass": (.multiclass, .float64(.softmax))
      case "multiclassova": (.multiclass, .float64(.logistic(scale: scale)))
      case "cross_entropy", "xentropy": (.regression, .float64(.logistic(scale: 1)))
      case "cross_entropy_lambda", "xentlambda": (.regression, .float64(.softplus))
      case "lambdarank", "rank_xendcg": (.ranking, .identity)
      case "custom", "none": (.regression, .identity)
      default: throw Self.error(.unsupported, "the objective \(name.quoted) is not known")
      }
  }

  /// Throws unless the forest has as many outputs as the objective says.
  func check(outputCount: Int) throws {
    guard name != "custom", name != "none" else { return }
    let expected = task == .multiclass ? classCount : 1
    guard outputCount == expected else {
      throw Self.error(
        .malformed,
        "\(name) has \(expected.map(String.init) ?? "no number of") outputs, but there are"
          + " \(outputCount) trees a round")
    }
  }

  /// The objective for the forest.
  ///
  /// - Parameter leavesAreMeans: whether the leaves are predictions already.
  func objective(leavesAreMeans: Bool) -> Objective {
    guard leavesAreMeans else { return Objective(name: name, task: task, link: link) }
    return Objective(
      name: name, task: task, link: link.givesProbabilities ? .float64(.probability) : .identity)
  }

  private static func parameter(_ name: String, of words: [String]) throws -> Double? {
    guard let word = words.first(where: { $0.hasPrefix(name + ":") }) else { return nil }
    let text = String(word.dropFirst(name.utf8.count + 1))
    guard let value = Double(text) else {
      throw error(.malformed, "expected a number after \(name), found \(text.quoted)")
    }
    return value
  }

  private static func error(_ code: ModelFormatError.Code, _ message: String) -> ModelFormatError {
    ModelFormatError(code, message).inside("objective")
  }
}
