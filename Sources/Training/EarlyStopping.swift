/// Finds the best round, and says when to stop looking for a better one.
struct EarlyStopping {
  /// The number of rounds without a better value after which training stops; nil for never.
  let patience: Int?
  /// The round with the best value so far, counted from 0.
  private(set) var bestRound = 0
  private var bestValue = Double.nan

  init(patience: Int?) { self.patience = patience }

  /// Takes the value of a round, and says whether to stop after it.
  mutating func shouldStop(after round: Int, metric: String, value: Double) -> Bool {
    guard let patience else { return false }
    let isBetter = Self.isBetterWhenLarger(metric) ? value > bestValue : value < bestValue
    if isBetter || bestValue.isNaN {
      bestRound = round
      bestValue = value
    }
    return round - bestRound >= patience
  }

  /// The metrics that XGBoost's Python package maximises too, with their `@` and `-` variants.
  private static func isBetterWhenLarger(_ metric: String) -> Bool {
    let name = metric.prefix { $0 != "@" && $0 != "-" }
    return ["auc", "aucpr", "pre", "map", "ndcg"].contains(name)
      || metric == "interval-regression-accuracy"
  }
}
