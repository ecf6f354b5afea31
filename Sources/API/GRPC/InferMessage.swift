import GRPCCore
import NIOCore
import Serving
import SwiftProtobuf

/// One `ModelInferRequest`, checked against its model, and the way to its answer.
struct InferMessage {
  /// What is asked.
  let inference: Inference
  /// Raw contents are answered with raw contents, typed ones with typed ones.
  private let isRaw: Bool
  private let statistics: PredictionStatistics
  /// How long it took to check it.
  private let checking: Duration

  /// Decodes and checks a message.
  ///
  /// - Throws: ``PredictionError`` that names what does not fit, or an `RPCError` when it is no message.
  init(_ frame: MessageFrame, service: InferenceService, call: Call) throws {
    if let request = try? InferenceRequest(frame) {
      try self.init(request, service: service, call: call)
    } else {
      try self.init(try Inference_ModelInferRequest(frame), service: service, call: call)
    }
  }

  /// Checks a message.
  ///
  /// - Throws: ``PredictionError`` that names what does not fit.
  init(
    _ message: Inference_ModelInferRequest, service: InferenceService, call: Call
  ) throws(PredictionError) {
    try self.init(try InferenceRequest(message), service: service, call: call)
  }

  private init(
    _ request: InferenceRequest, service: InferenceService, call: Call
  ) throws(PredictionError) {
    let start = ContinuousClock.now
    isRaw = if case .raw? = request.inputs.first?.content { true } else { false }
    inference = try Inference(
      request,
      for: try service.catalog.model(
        named: request.model, version: request.version, header: call.field),
      deadline: call.deadline(standard: service.timeout), requestID: call.id)
    statistics = service.statistics
    checking = .now - start
  }

  /// The answer with what was predicted, encoded.
  func frame(with prediction: Prediction) throws(PredictionError) -> MessageFrame {
    try encode(prediction) { $0.frame(isRaw: isRaw) }
  }

  /// The answer with what was predicted.
  func response(to prediction: Prediction) throws(PredictionError) -> Inference_ModelInferResponse {
    try encode(prediction) { Inference_ModelInferResponse($0, isRaw: isRaw) }
  }

  private func encode<Answer>(
    _ prediction: Prediction, as encode: (InferenceResponse) -> Answer
  ) throws(PredictionError) -> Answer {
    let start = ContinuousClock.now
    let answer = encode(try inference.response(to: prediction))
    statistics.record(inference.model.id, input: checking, output: .now - start)
    return answer
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

extension Inference_ModelInferRequest {
  /// - Throws: an `RPCError` when the bytes are no such message.
  fileprivate init(_ frame: MessageFrame) throws(RPCError) {
    do {
      try self.init(serializedBytes: frame)
    } catch {
      throw RPCError(code: .invalidArgument, message: "the message is no ModelInferRequest")
    }
  }
}
