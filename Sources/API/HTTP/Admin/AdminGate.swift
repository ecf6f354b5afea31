import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Stands before every call that changes models, of whichever protocol: lets in those who may, and
/// logs each one, done or refused.
struct AdminGate<Context: RemoteAddressRequestContext>: RouterMiddleware {
  /// Nil when such calls are off.
  let access: AdminAccess?
  let logger: Logger

  func handle(
    _ request: Request, context: Context,
    next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard Self.isGuarded(request) else { return try await next(request, context) }
    do {
      guard let access else { throw Problem.adminIsOff }
      if let refusal = access.refusal(of: request.head, from: context.remoteAddress) {
        throw refusal
      }
      let response = try await next(request, context)
      if request.method != .get { log(request, context, "done") }
      return response
    } catch {
      let problem = Problem(error)
      log(request, context, problem.code, detail: problem.detail)
      throw error
    }
  }

  /// The admin calls, and those of the Open Inference Protocol's model repository extension that
  /// change something.
  private static func isGuarded(_ request: Request) -> Bool {
    let parts = request.uri.path.split(separator: "/")
    return switch parts.first {
    case "admin": true
    case "v2":
      parts.count > 2 && parts[1] == "repository" && ["load", "unload"].contains(parts.last)
    default: false
    }
  }

  private func log(_ request: Request, _ context: Context, _ outcome: String, detail: String? = nil)
  {
    var metadata: Logger.Metadata = [
      "request_id": "\(request.head.acceptableID ?? context.id)", "method": "\(request.method)",
      "path": "\(request.uri.path.prefix(400))", "outcome": "\(outcome)",
      "caller": "\(context.remoteAddress?.ipAddress ?? "?")",
    ]
    if let detail { metadata["detail"] = "\(detail)" }
    logger.notice("admin call", metadata: metadata)
  }
}

extension Problem {
  /// Nobody may change models.
  static var adminIsOff: Problem {
    Problem(
      status: .forbidden, code: "admin_is_off",
      detail: "this server does not change its models on request; start it with --admin")
  }
}

/// What is known of a request beside itself.
struct ConnectionContext: RequestContext, RemoteAddressRequestContext {
  var coreContext: CoreRequestContextStorage
  let remoteAddress: SocketAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}
