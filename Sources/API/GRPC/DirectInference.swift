import GRPCCore
import Serving

/// Answers `ModelInfer` beside gRPC's server: one row costs a fraction of what the way through its
/// tasks and async sequences does. Checks, errors, metrics and log lines are those of the server.
struct DirectInference: Sendable {
  /// The answer, or the work that leads to it.
  enum Answer {
    case ready(MessageFrame)
    case later(Beginning)
  }

  /// Begins; calls back once, from any thread, and returns what takes it back.
  typealias Beginning = (
    _ end: @escaping @Sendable (Result<MessageFrame, any Error>) -> Void
  ) -> @Sendable () -> Void

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
      return .later { [service] end in
        let task = Task {
          do {
            let frame = try frame.inflated(limit: limit)
            let message = try InferMessage(frame, service: service, call: call)
            let prediction = try await service.predictor.predict(message.inference.prediction)
            end(.success(try message.frame(with: prediction)))
          } catch {
            end(.failure(error))
          }
        }
        return { task.cancel() }
      }
    }
    let message = try InferMessage(frame, service: service, call: call)
    let request = message.inference.prediction
    if let prediction = try service.predictor.predictAtOnce(request) {
      return .ready(try message.frame(with: prediction))
    }
    return .later { [service] end in
      service.predictor.begin(request) { result in
        end(Result { try message.frame(with: result.get()) })
      }
    }
  }
}
