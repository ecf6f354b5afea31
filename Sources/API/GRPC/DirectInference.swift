import GRPCCore
import Serving
import SwiftProtobuf

/// Answers `ModelInfer` beside gRPC's server: one row costs a fraction of what the way through its
/// tasks and async sequences does. Checks, errors, metrics and log lines are those of the server.
struct DirectInference: Sendable {
  /// The answer, or the work that leads to it.
  enum Answer {
    case ready(MessageFrame)
    case later(@Sendable () async throws -> MessageFrame)
  }

  static let path = "/inference.GRPCInferenceService/ModelInfer"

  /// Larger messages, and compressed ones, which can become large however small they are, would hold
  /// up the event loop's other connections.
  private static let maximumSizeAtOnce = 64 << 10

  let service: InferenceService
  let recorder: CallRecorder

  /// Answers on the caller's thread if that takes next to no time.
  ///
  /// - Parameter limit: the largest message, in bytes, after decompression.
  func answer(_ frame: MessageFrame, call: Call, limit: Int) throws -> Answer {
    guard frame.count <= Self.maximumSizeAtOnce, !frame.isCompressed else {
      return .later { [service] in
        let frame = try frame.inflated(limit: limit)
        return try await service.answer(try .init(frame), call: call).serializedBytes()
      }
    }
    let message = try InferMessage(try .init(frame), service: service, call: call)
    let request = message.inference.prediction
    if let prediction = try service.predictor.predictAtOnce(request) {
      return .ready(try message.response(to: prediction).serializedBytes())
    }
    return .later { [service] in
      try message.response(to: await service.predictor.predict(request)).serializedBytes()
    }
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
