import GRPCCore
import SwiftProtobuf

/// gRPC's health checks, for the whole server (an empty name) and for the inference service.
struct HealthCalls: Grpc_Health_V1_Health.SimpleServiceProtocol {
  typealias Request = Grpc_Health_V1_HealthCheckRequest
  typealias Response = Grpc_Health_V1_HealthCheckResponse

  static let services: Set = ["", Inference_GRPCInferenceService.descriptor.fullyQualifiedService]

  let health: Health

  func check(request: Request, context: ServerContext) async throws -> Response {
    guard Self.services.contains(request.service) else {
      throw RPCError(code: .notFound, message: "there is no such service here")
    }
    return await response(request)
  }

  /// Says how it stands, and says so again at every change.
  func watch(request: Request, response: RPCWriter<Response>, context: ServerContext) async throws {
    do {
      try await untilCancelled {
        var last: Response?
        while true {
          let now = await self.response(request)
          if now != last { try await response.write(now) }
          last = now
          try await Task.sleep(for: .seconds(1))
        }
      }
    } catch is CancellationError where health.isStopping {
      try await response.write(await self.response(request))
    }
  }

  private func response(_ request: Request) async -> Response {
    guard Self.services.contains(request.service) else {
      return .with { $0.status = .serviceUnknown }
    }
    let reason = await health.reasonNotReady()
    return .with { $0.status = reason == nil ? .serving : .notServing }
  }
}
