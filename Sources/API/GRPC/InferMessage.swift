import GRPCCore
import NIOCore
import Serving

/// One `ModelInferRequest`, checked against its model, and the way to its answer.
struct InferMessage {
  /// What is asked.
  let inference: Inference
  /// Raw contents are answered with raw contents, typed ones with typed ones.
  private let isRaw: Bool

  /// Checks a message.
  ///
  /// - Throws: ``PredictionError`` that names what does not fit.
  init(
    _ message: Inference_ModelInferRequest, service: InferenceService, call: Call
  ) throws(PredictionError) {
    let request = try InferenceRequest(message)
    isRaw = !message.rawInputContents.isEmpty
    inference = try Inference(
      request, for: try service.catalog.model(named: request.model, version: request.version),
      deadline: call.deadline(standard: service.timeout), requestID: call.id)
  }

  /// The answer with what was predicted.
  func response(to prediction: Prediction) throws(PredictionError) -> Inference_ModelInferResponse {
    Inference_ModelInferResponse(try inference.response(to: prediction), isRaw: isRaw)
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
