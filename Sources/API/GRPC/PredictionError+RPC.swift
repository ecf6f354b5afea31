import GRPCCore
import Serving

extension PredictionError: RPCErrorConvertible {
  /// The status code, as the Open Inference Protocol's servers use them.
  package var rpcErrorCode: RPCError.Code {
    switch code {
    case .invalidRequest: .invalidArgument
    case .unknownModel, .unknownVersion: .notFound
    case .tooLarge, .overloaded: .resourceExhausted
    case .unavailable: .unavailable
    case .deadlineExceeded: .deadlineExceeded
    case .cancelled: .cancelled
    case .unsupported: .unimplemented
    case .internal: .internalError
    }
  }

  /// What is wrong.
  package var rpcErrorMessage: String { message }

  /// When the client may try again, in the field that gRPC's clients know.
  package var rpcErrorMetadata: Metadata {
    guard let retryAfter else { return [:] }
    return ["grpc-retry-pushback-ms": "\(retryAfter.nanoseconds / 1_000_000)"]
  }
}

extension RPCError {
  /// The status of a call that failed with any error.
  init(any error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as any RPCErrorConvertible: self.init(error)
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
