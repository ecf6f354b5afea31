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
}
