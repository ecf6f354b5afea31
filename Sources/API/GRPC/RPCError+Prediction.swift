import GRPCCore
import Serving

extension RPCError {
  /// The status of a prediction that failed, as the Open Inference Protocol's servers use them.
  init(_ error: PredictionError) {
    let code: Code =
      switch error.code {
      case .invalidRequest: .invalidArgument
      case .unknownModel, .unknownVersion: .notFound
      case .tooLarge, .overloaded: .resourceExhausted
      case .unavailable: .unavailable
      case .deadlineExceeded: .deadlineExceeded
      case .cancelled: .cancelled
      case .unsupported: .unimplemented
      case .internal: .internalError
      }
    self.init(code: code, message: error.message)
    if let delay = error.retryAfter {
      // When the client may try again, in the field that gRPC's clients know.
      metadata.addString("\(delay.nanoseconds / 1_000_000)", forKey: "grpc-retry-pushback-ms")
    }
  }

  /// The status of a call that failed with any error.
  init(any error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as PredictionError: self.init(error)
    case is CancellationError: self.init(code: .cancelled, message: "the call was cancelled")
    default:
      self.init(
        code: .internalError,
        message: "the server failed; its log has the reason under the call's id", cause: error)
    }
  }

  /// A message that is larger than it may be.
  static func tooLarge(limit: Int) -> RPCError {
    RPCError(
      code: .resourceExhausted,
      message: "the message is over the limit of \(limit) bytes; send fewer rows at a time")
  }
}
