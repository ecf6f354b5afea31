import GRPCCore
import HTTPTypes
import Hummingbird
import Jobs

/// One gRPC call: what its metadata says, whichever way it is answered.
struct Call: Sendable {
  /// The call that the task at work answers.
  @TaskLocal static var current = Call(method: "", requestID: nil, timeout: nil)

  /// The longest time that a caller may ask for.
  private static let longestWait = Duration.seconds(300)

  /// `/` and the full name of the method.
  let method: String
  /// The client's own id for the call (`x-request-id`), or one that was made up.
  let id: String
  /// When it began.
  let start = ContinuousClock.now
  /// What the metadata says under a name.
  let field: @Sendable (String) -> String?
  private let timeout: Duration?

  /// - Parameters:
  ///   - requestID: what `x-request-id` says.
  ///   - timeout: what `grpc-timeout` says.
  ///   - field: what the metadata says under a name.
  init(
    method: String, requestID: String?, timeout: String?,
    field: @escaping @Sendable (String) -> String? = { _ in nil }
  ) {
    self.method = method
    self.field = field
    id = requestID.flatMap { $0.isRequestID ? $0 : nil } ?? "\(RequestID())"
    self.timeout = timeout.flatMap { Duration(grpcTimeout: $0[...]) }
  }

  /// When the client stops waiting, if that began now.
  ///
  /// - Parameter standard: how long it waits when it does not say so.
  func deadline(standard: Duration) -> Deadline {
    .after(min(timeout ?? standard, Self.longestWait))
  }
}

extension Duration {
  /// The time in a `grpc-timeout`: up to eight digits and a unit; nil when it is no such text.
  init?(grpcTimeout text: Substring) {
    guard let unit = text.last, (2...9).contains(text.utf8.count),
      text.dropLast().allSatisfy({ ("0"..."9").contains($0) }), let count = Int64(text.dropLast())
    else { return nil }
    switch unit {
    case "H": self = .seconds(count * 3600)
    case "M": self = .seconds(count * 60)
    case "S": self = .seconds(count)
    case "m": self = .milliseconds(count)
    case "u": self = .microseconds(count)
    case "n": self = .nanoseconds(count)
    default: return nil
    }
  }
}
