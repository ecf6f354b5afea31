import Jobs
import Serving

/// Everything that the protocols share: HTTP and gRPC decode a request, ask this, and encode.
public struct InferenceService: Sendable {
  let catalog: ModelCatalog
  let predictor: any Predicting
  let repository: any RepositoryControl
  let statistics: PredictionStatistics
  let health: Health
  /// How long a request may take when it does not say so itself.
  let timeout: Duration

  /// Checks a request against its model.
  ///
  /// - Throws: ``PredictionError``.
  func begin(
    _ request: InferenceRequest, requestID: @autoclosure () -> String
  ) throws(PredictionError) -> Inference {
    let model = try catalog.model(named: request.model, version: request.version)
    return try Inference(
      request, for: model, deadline: .after(timeout), requestID: request.id ?? requestID())
  }

  /// Answers a request.
  ///
  /// - Throws: ``PredictionError``.
  func infer(
    _ request: InferenceRequest, requestID: @autoclosure () -> String
  ) async throws(PredictionError) -> InferenceResponse {
    let inference = try begin(request, requestID: requestID())
    return try inference.response(to: await predictor.predict(inference.prediction))
  }

  /// Whether requests for a model would be answered now.
  ///
  /// - Throws: ``PredictionError`` when there is no such model or version.
  func isReady(_ name: String, version: String?) async throws(PredictionError) -> Bool {
    _ = try catalog.model(named: name, version: version)
    return await health.reasonNotReady() == nil
  }

  /// What a model takes and gives.
  func metadata(_ name: String, version: String?) throws(PredictionError) -> ModelMetadata {
    let model = try catalog.model(named: name, version: version)
    let ready = repository.index().filter { $0.id.name == model.id.name && $0.state == .ready }
    return ModelMetadata(model, versions: ready.map(\.id.version))
  }

  /// The models whose statistics are asked for; without a name, all.
  func models(_ name: String?, version: String?) throws(PredictionError) -> [Model] {
    guard let name else { return catalog.models }
    return [try catalog.model(named: name, version: version)]
  }
}
