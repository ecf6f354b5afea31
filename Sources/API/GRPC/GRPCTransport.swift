import GRPCCore
import Logging
import NIOCore
import NIOExtras
import NIOHTTP2
import NIOPosix

/// HTTP/2 connections for gRPC: each stream becomes a call of gRPC's server, or is answered directly.
///
/// It takes the place of grpc-swift's own transport, which costs three times the CPU a call
/// (docs/decisions/grpc.md).
final class GRPCTransport: ServerTransport {
  typealias Bytes = MessageFrame
  typealias StreamHandler =
    @Sendable @concurrent (RPCStream<Inbound, Outbound>, ServerContext) async -> Void

  private let configuration: GRPCServer.Configuration
  private let direct: DirectInference
  private let logger: Logger
  private let group = MultiThreadedEventLoopGroup.singleton
  private let quiescing: ServerQuiescingHelper
  private let drained: EventLoopPromise<Void>

  /// - Parameter direct: what answers ordinary inferences.
  init(configuration: GRPCServer.Configuration, direct: DirectInference, logger: Logger) {
    self.configuration = configuration
    self.direct = direct
    self.logger = logger
    quiescing = ServerQuiescingHelper(group: group)
    drained = group.any().makePromise()
  }

  deinit {
    drained.succeed()
  }

  func listen(streamHandler: @escaping StreamHandler) async throws {
    let (host, port) = (configuration.host, configuration.port)
    let listener: any Channel
    do {
      listener = try await bootstrap(streamHandler).bind(host: host, port: port).get()
    } catch {
      throw ListenError(host: host, port: port, cause: error)
    }
    logger.info(
      "listening for gRPC",
      metadata: [
        "host": "\(listener.localAddress?.ipAddress ?? "?")",
        "port": "\(listener.localAddress?.port ?? 0)",
      ])
    try await withTaskCancellationHandler {
      try await drained.futureResult.get()
    } onCancel: {
      listener.close(promise: nil)
      drained.succeed()
    }
  }

  /// Accepts no more connections, and closes each when its calls are done.
  func beginGracefulShutdown() {
    quiescing.initiateShutdown(promise: drained)
  }

  private func bootstrap(_ streamHandler: @escaping StreamHandler) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .serverChannelInitializer { [quiescing] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            quiescing.makeServerChannelHandler(channel: channel))
        }
      }
      .childChannelInitializer { [direct, configuration] channel in
        channel.eventLoop.makeCompletedFuture {
          let manager = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop, configuration: Self.management)
          let calls = CallMultiplexer(
            windowSize: Self.windowSize, streamDelegate: manager.http2StreamDelegate
          ) { stream in
            CallHandler(
              stream: stream, maximumMessageSize: configuration.maximumMessageSize,
              direct: direct, streamHandler: streamHandler)
          }
          try channel.pipeline.syncOperations.addHandlers(
            WriteJoiner(), NIOHTTP2Handler(mode: .server, connectionConfiguration: Self.connection),
            calls, manager, NIOCloseOnErrorHandler())
        }
      }
  }

  /// Only for the order of a farewell; how long a connection lives is ``ConnectionPulse``'s, which needs
  /// no timers that are set anew with each call.
  private static let management = NIOHTTP2ServerConnectionManagementHandler.Configuration(
    maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil)

  /// Batches of rows pass in few rounds.
  private static let windowSize = 1 << 20

  private static var connection: NIOHTTP2Handler.ConnectionConfiguration {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      .init(parameter: .maxConcurrentStreams, value: 256),
      .init(parameter: .maxHeaderListSize, value: 16 << 10),
      .init(parameter: .initialWindowSize, value: windowSize),
    ]
    return connection
  }
}
