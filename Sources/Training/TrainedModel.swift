public import Forest

/// A model and what there is to know about it.
public struct TrainedModel: Sendable {
  /// A row and what XGBoost predicts for it.
  public struct Example: Sendable, Equatable {
    /// One value a feature, nil where it is missing.
    public let row: [Float?]
    /// The transformed prediction of the saved model: one value, or a probability a class.
    public let prediction: [Float]
  }

  /// The model file: XGBoost's JSON.
  public let json: [UInt8]
  /// The number of rounds in the model; fewer than asked for when training stopped early.
  public let rounds: Int
  /// The input's columns.
  public let features: [Feature]
  /// The parameters as XGBoost was given them.
  public let parameters: [String: String]
  /// `validation_accuracy` and `test_accuracy`, or `validation_rmse` and `test_rmse`.
  public let metrics: [String: Double]
  /// Rows that were held back, taken from each class in turn.
  public let examples: [Example]
}
