/// What a round of training reached.
public struct RoundReport: Sendable, Equatable {
  /// One metric of one part.
  public struct Evaluation: Sendable, Equatable {
    /// `training` or `validation`.
    public let part: String
    /// XGBoost's name of the metric, such as `mlogloss`.
    public let metric: String
    /// Its value.
    public let value: Double
  }

  /// The round, counted from 1.
  public let round: Int
  /// The number of rounds asked for.
  public let rounds: Int
  /// The metrics, in XGBoost's order.
  public let evaluations: [Evaluation]

  /// Reads XGBoost's line: `[0]\ttraining-mlogloss:0.74\tvalidation-mlogloss:0.78`.
  init(round: Int, rounds: Int, line: String) {
    self.round = round
    self.rounds = rounds
    evaluations = line.split(separator: "\t").compactMap { field in
      guard let dash = field.firstIndex(of: "-"), let colon = field.lastIndex(of: ":"),
        dash < colon, let value = Double(field[field.index(after: colon)...])
      else { return nil }
      return Evaluation(
        part: String(field[..<dash]), metric: String(field[field.index(after: dash)..<colon]),
        value: value)
    }
  }
}
