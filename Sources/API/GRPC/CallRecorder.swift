import CoreMetrics
import GRPCCore
import Logging
import Serving
import Synchronization

/// Counts, times and logs each call that was answered, and gives each its ``Call``.
///
/// - `coppice_grpc_requests_total{method,code}`
/// - `coppice_grpc_request_duration_seconds{method}`
final class CallRecorder: ServerInterceptor {
  private struct Key: Hashable {
    let method: String
    let code: Status.Code
  }

  private struct Meters {
    let count: Counter
    let duration: Timer
  }

  /// Asked every few seconds by machines: in the log they would bury the calls of people.
  private static let probes: Set = [
    "/grpc.health.v1.Health/Check", "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ServerReady", "/inference.GRPCInferenceService/ModelReady",
  ]

  private let factory: any MetricsFactory
  private let logger: Logger
  private let meters = Mutex<[Key: Meters]>([:])

  init(metrics factory: any MetricsFactory, logger: Logger) {
    self.factory = factory
    self.logger = logger
  }

  /// Records one call.
  ///
  /// - Parameter error: why it failed; nil when it did not.
  func record(_ call: Call, _ error: RPCError? = nil) {
    let code = error.map { Status.Code($0.code) } ?? .ok
    let duration = ContinuousClock.now - call.start
    let meters = meters(for: Key(method: call.method, code: code))
    meters.count.increment()
    meters.duration.recordNanoseconds(duration.nanoseconds)

    let isOurFault = code == .internalError || code == .unknown || code == .unavailable
    let level: Logger.Level =
      isOurFault ? .error : code == .ok && Self.probes.contains(call.method) ? .debug : .info
    guard logger.logLevel <= level else { return }
    logger.log(
      level: level, "call", error: isOurFault ? error : nil,
      metadata: [
        "request_id": .string(call.id), "path": .string(call.method), "status": .string(code.name),
        "duration_us": .string(String(duration.nanoseconds / 1000)),
      ])
  }

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next:
      @Sendable @concurrent (StreamingServerRequest<Input>, ServerContext) async throws
      -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    let metadata = request.metadata
    let field: @Sendable (String) -> String? = { name in
      metadata[stringValues: name.lowercased()].first { _ in true }
    }
    let call = Call(
      method: "/" + context.descriptor.fullyQualifiedMethod, requestID: field("x-request-id"),
      timeout: field("grpc-timeout"), field: field)
    var response: StreamingServerResponse<Output>
    do {
      response = try await Call.$current.withValue(call) { try await next(request, context) }
    } catch {
      let error = RPCError(any: error)
      record(call, error)
      throw error
    }
    response.metadata.addString(call.id, forKey: "x-request-id")
    switch response.accepted {
    case .failure(let error): record(call, error)
    case .success(var contents):
      // The answer is written, and often made, after this method returned.
      let produce = contents.producer
      contents.producer = { [self] writer in
        do {
          let trailers = try await Call.$current.withValue(call) { try await produce(writer) }
          record(call)
          return trailers
        } catch {
          let error = RPCError(any: error)
          record(call, error)
          throw error
        }
      }
      response.accepted = .success(contents)
    }
    return response
  }

  private func meters(for key: Key) -> Meters {
    meters.withLock { all in
      if let meters = all[key] { return meters }
      let dimensions = [("method", key.method), ("code", key.code.name)]
      let meters = Meters(
        count: Counter(
          label: "coppice_grpc_requests_total", dimensions: dimensions, factory: factory),
        duration: Timer(
          label: "coppice_grpc_request_duration_seconds", dimensions: [("method", key.method)],
          factory: factory))
      all[key] = meters
      return meters
    }
  }
}

extension Status.Code {
  /// The name in gRPC's specification, such as `NOT_FOUND`.
  fileprivate var name: String {
    switch self {
    case .ok: "OK"
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internalError: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    default: "UNKNOWN"
    }
  }
}
