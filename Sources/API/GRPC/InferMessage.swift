import GRPCCore
import NIOCore
import Serving

/// One `ModelInferRequest`, checked against its model, and the way to its answer.
struct InferMessage {
  /// What is asked.
  let inference: Inference
  /// Raw contents are answered with raw contents, typed ones with typed ones.
  private let isRaw: Bool
  private let statistics: PredictionStatistics
  /// How long it took to check it.
  private let checking: Duration

  /// Checks a message.
  ///
  /// - Throws: ``PredictionError`` that names what does not fit.
  init(
    _ message: Inference_ModelInferRequest, service: InferenceService, call: Call
  ) throws(PredictionError) {
    let start = ContinuousClock.now
    let request = try InferenceRequest(message)
    isRaw = !message.rawInputContents.isEmpty
    inference = try Inference(
      request,
      for: try service.catalog.model(
        named: request.model, version: request.version, header: call.field),
      deadline: call.deadline(standard: service.timeout), requestID: call.id)
    statistics = service.statistics
    checking = .now - start
  }

  /// The answer with what was predicted.
  func response(to prediction: Prediction) throws(PredictionError) -> Inference_ModelInferResponse {
    let start = ContinuousClock.now
    let response = Inference_ModelInferResponse(
      try inference.response(to: prediction), isRaw: isRaw)
    statistics.record(inference.model.id, input: checking, output: .now - start)
    return response
  }
}

extension InferenceService {
  /// Answers a message.
  ///
  /// - Throws: ``PredictionError``.
  func answer(
    _ message: Inference_ModelInferRequest, call: Call
  ) async throws(PredictionError) -> Inference_ModelInferResponse {
    let message = try InferMessage(message, service: self, call: call)
    return try message.response(to: await predictor.predict(message.inference.prediction))
  }
}
