#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension XGBoostObjective {
  /// The margins of the outputs themselves: what ``baseMargins(_:)`` takes.
  func outputMargins(_ margins: [Float]) -> [Float] {
    guard name == "reg:expectileerror" else { return margins }
    var outputs: [Float] = []
    for margin in margins {
      guard let last = outputs.last else {
        outputs = [margin]
        continue
      }
      outputs.append(last + max(margin, 0) + log1pf(expf(-margin.magnitude)) + 1e-6)
    }
    return outputs
  }

  /// The base score whose margin this is, or the nearest to it.
  func baseScore(_ margin: Float) -> (score: Float, isExact: Bool) {
    let guess: Float =
      switch baseScore {
      case .margin: margin
      case .probability: Float(1 / (1 + exp(-Double(margin))))
      case .mean: Float(exp(Double(margin)))
      }
    func distance(_ score: Float) -> Float {
      (try? baseMargin(score, clampsProbabilities: true)).map { ($0 - margin).magnitude }
        ?? .infinity
    }
    var best = guess
    // Rounding on both ways may move it by some steps.
    var (below, above) = (guess, guess)
    for _ in 0..<16 where distance(best) > 0 {
      below = below.nextDown
      above = above.nextUp
      for candidate in [below, above] where distance(candidate) < distance(best) {
        best = candidate
      }
    }
    return (best, distance(best) == 0)
  }

  /// The parameters that XGBoost wants beside the objective's name, with its defaults: predictions
  /// do not depend on them.
  func parameters(outputCount: Int) -> (name: String, values: [(String, String)])? {
    switch name {
    case "reg:squarederror", "reg:logistic", "binary:logistic", "binary:logitraw", "reg:gamma":
      ("reg_loss_param", [("scale_pos_weight", "1")])
    case "reg:tweedie": ("tweedie_regression_param", [("tweedie_variance_power", "1.5")])
    case "count:poisson": ("poisson_regression_param", [("max_delta_step", "0.7")])
    case "multi:softprob", "multi:softmax":
      ("softmax_multiclass_param", [("num_class", String(outputCount))])
    case "reg:pseudohubererror": ("pseudo_huber_param", [("huber_slope", "1")])
    case "reg:quantileerror":
      ("quantile_loss_param", [("quantile_alpha", Self.levels(outputCount))])
    case "reg:expectileerror":
      ("expectile_loss_param", [("expectile_alpha", Self.levels(outputCount))])
    case "survival:aft":
      (
        "aft_loss_param",
        [("aft_loss_distribution", "normal"), ("aft_loss_distribution_scale", "1")]
      )
    case "rank:ndcg", "rank:pairwise", "rank:map":
      (
        "lambdarank_param",
        [
          ("lambdarank_bias_norm", "1"), ("lambdarank_normalization", "1"),
          ("lambdarank_num_pair_per_sample", "4294967295"), ("lambdarank_pair_method", "topk"),
          ("lambdarank_score_normalization", "1"), ("lambdarank_unbiased", "0"),
          ("ndcg_exp_gain", "1"),
        ]
      )
    default: nil
    }
  }

  /// As many levels as there are outputs; which ones they were does not matter to predictions.
  private static func levels(_ count: Int) -> String {
    "[" + (1...count).map { "\(Float($0) / Float(count + 1))" }.joined(separator: ",") + "]"
  }
}
