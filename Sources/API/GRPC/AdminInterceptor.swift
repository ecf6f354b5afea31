import GRPCCore
import HTTPTypes
import Logging
import NIOCore

/// Stands before the calls that change models: lets in those who may, and logs each one.
struct AdminInterceptor: ServerInterceptor {
  private static let methods: Set = ["RepositoryModelLoad", "RepositoryModelUnload"]

  /// Nil when such calls are off.
  let access: AdminAccess?
  let logger: Logger

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next:
      @Sendable @concurrent (StreamingServerRequest<Input>, ServerContext) async throws
      -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    guard Self.methods.contains(context.descriptor.method) else {
      return try await next(request, context)
    }
    do {
      guard let access else {
        throw RPCError(code: .permissionDenied, message: Problem.adminIsOff.detail)
      }
      if let refusal = access.refusal(
        authorization: Call.current.field("authorization"),
        isPassedOn: ["forwarded", "x-forwarded-for"].contains { Call.current.field($0) != nil },
        isLocal: Self.isLoopback(context.remotePeer))
      {
        throw RPCError(
          code: refusal.status == .unauthorized ? .unauthenticated : .permissionDenied,
          message: refusal.detail)
      }
      let response = try await next(request, context)
      if case .failure(let error) = response.accepted { throw error }
      log(context, "done")
      return response
    } catch {
      let error = RPCError(any: error)
      log(context, "\(error.code)", detail: error.message)
      throw error
    }
  }

  private func log(_ context: ServerContext, _ outcome: String, detail: String? = nil) {
    var metadata: Logger.Metadata = [
      "request_id": "\(Call.current.id)", "path": "\(Call.current.method)",
      "outcome": "\(outcome)", "caller": "\(context.remotePeer)",
    ]
    if let detail { metadata["detail"] = "\(detail)" }
    logger.notice("admin call", metadata: metadata)
  }

  /// Whether a peer, as ``SocketAddress/grpcPeer`` writes it, is this machine.
  private static func isLoopback(_ peer: String) -> Bool {
    ["unix:", "ipv4:127.", "ipv6:[::1]:", "ipv6:[::ffff:127."].contains(where: peer.hasPrefix)
  }
}

extension SocketAddress {
  /// The address as gRPC names peers, such as `ipv4:127.0.0.1:41234`.
  var grpcPeer: String {
    switch self {
    case .v4: "ipv4:\(ipAddress ?? ""):\(port ?? 0)"
    case .v6: "ipv6:[\(ipAddress ?? "")]:\(port ?? 0)"
    case .unixDomainSocket: "unix:\(pathname ?? "")"
    }
  }
}
