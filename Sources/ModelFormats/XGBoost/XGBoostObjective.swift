import Forest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An objective of XGBoost: what its margins mean, and in which unit its base score is written.
///
/// The arithmetic is that of XGBoost's `src/objective`, in float32 with the C library's `logf`.
struct XGBoostObjective {
  /// What a base score is before the link is taken back.
  enum BaseScore {
    /// A margin.
    case margin
    /// A probability; the margin is its logit.
    case probability
    /// A mean; the margin is its logarithm.
    case mean
  }

  let name: String
  let task: ModelTask
  let link: Link
  let baseScore: BaseScore

  /// Looks up an objective by XGBoost's name.
  ///
  /// - Parameter version: of the library that wrote the model.
  init(_ name: String, version: [Int32] = []) throws {
    (task, link, baseScore) =
      switch name {
      case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror",
        "reg:absoluteerror", "reg:quantileerror", "reg:expectileerror":
        (.regression, .identity, .margin)
      case "reg:logistic": (.regression, .logistic, .probability)
      case "reg:gamma", "reg:tweedie", "count:poisson", "survival:cox", "survival:aft":
        (.regression, .exponential, .mean)
      case "binary:logistic": (.binary, .logistic, .probability)
      // Up to 1.2 the base score was a probability.
      case "binary:logitraw":
        (.binary, .identity, version.lexicographicallyPrecedes([1, 3]) ? .probability : .margin)
      case "binary:hinge": (.binary, .hinge, .margin)
      case "multi:softprob", "multi:softmax": (.multiclass, .softmax, .margin)
      case "rank:pairwise", "rank:ndcg", "rank:map": (.ranking, .identity, .margin)
      default:
        throw ModelFormatError(
          .unsupported, "the objective \(name.quoted) is not known",
          remedy: "train with one of the objectives that docs/formats/xgboost.md lists"
        ).inside("learner.objective.name")
      }
    self.name = name
  }

  /// The margins before the first tree.
  ///
  /// - Parameter clampsProbabilities: whether the version that wrote the model takes 0 and 1 for
  ///   probabilities; earlier ones refuse them.
  func baseMargin(_ score: Float, clampsProbabilities: Bool) throws -> Float {
    switch baseScore {
    case .margin:
      return score
    case .probability:
      var score = score
      if clampsProbabilities, 0...1 ~= score { score = min(max(score, 1e-6), 1 - 1e-6) }
      guard score > 0, score < 1 else {
        throw ModelFormatError(.malformed, "the base score \(score) is no probability")
      }
      return -logf(1 / score - 1)
    case .mean:
      guard score > 0 else {
        throw ModelFormatError(.malformed, "the base score \(score) is not positive")
      }
      return logf(score)
    }
  }

  /// The margins before the first tree, of all outputs, made of those of each.
  ///
  /// Of several expectiles each but the first is written as a difference, see ``Link/increments``.
  func baseMargins(_ scores: [Float]) -> [Float] {
    guard name == "reg:expectileerror" else { return scores }
    return scores.indices.map { output in
      guard output > 0 else { return scores[0] }
      let difference = max(scores[output] - scores[output - 1] - 1e-6, 1e-6)
      return difference + logf(-expm1f(-difference))
    }
  }

  /// The objective for the forest.
  ///
  /// - Parameter version: of the library that wrote the model.
  func objective(outputCount: Int, version: [Int32]) -> Objective {
    // Several labels a row, each with a probability of its own, are not two classes.
    let task = task == .binary && outputCount > 1 ? .regression : task
    let link: Link =
      switch name {
      // Earlier versions leave quantiles that cross as they are.
      case "reg:quantileerror"
      where outputCount > 1 && !version.lexicographicallyPrecedes([3, 4]): .ascending
      case "reg:expectileerror" where outputCount > 1: .increments
      default: self.link
      }
    return Objective(name: name, task: task, link: link)
  }
}
