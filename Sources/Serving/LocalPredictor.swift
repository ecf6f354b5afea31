import Forest
import Jobs

/// Predicts in this process.
public struct LocalPredictor: Predicting {
  private let catalog: ModelCatalog

  /// A predictor with the models of this catalog.
  public init(_ catalog: ModelCatalog) {
    self.catalog = catalog
  }

  /// Predicts on the caller's thread.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    guard !request.deadline.hasPassed else {
      throw PredictionError(.deadlineExceeded, "the deadline passed before the work began")
    }
    return try catalog.loading(request.model).predict(request.rows, outputs: request.outputs)
  }

  /// Predicts on the caller's thread if the model is loaded and the rows are few.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    guard let model = catalog.loaded(request.model),
      request.rows.rowCount * model.treeCount <= Self.fewTreeVisits,
      !request.outputs.contains(where: \.isCostly)
    else { return nil }
    return try model.predict(request.rows, outputs: request.outputs)
  }

  /// A fraction of a millisecond's work.
  private static let fewTreeVisits = 8192
}
