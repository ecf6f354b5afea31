import GRPCCore
import GRPCNIOTransportHTTP2Posix
public import Logging
import NIOCore
public import ServiceLifecycle
public import Telemetry

/// The gRPC server: the Open Inference Protocol, health and reflection, in front of whatever predicts.
public struct GRPCServer: Service {
  /// Where the server listens and what it accepts.
  public struct Configuration: Sendable {
    /// The address to bind, such as `127.0.0.1`, or `0.0.0.0` for every network.
    public var host: String
    /// The port to bind; 0 for any free one.
    public var port: Int
    /// The largest message, in bytes, after decompression.
    public var maximumMessageSize: Int

    /// A configuration.
    public init(host: String = "127.0.0.1", port: Int = 10001, maximumMessageSize: Int = 16 << 20) {
      self.host = host
      self.port = port
      self.maximumMessageSize = maximumMessageSize
    }
  }

  /// How much longer than one request may take a stop waits for calls that do not end.
  static let patience = Duration.seconds(5)

  private let configuration: Configuration
  private let service: InferenceService
  private let recorder: CallRecorder
  private let logger: Logger

  /// A server.
  ///
  /// - Parameters:
  ///   - configuration: where to listen and what to accept.
  ///   - service: what answers, shared with HTTP.
  ///   - metrics: where the server counts.
  ///   - logger: gets one line a call.
  public init(
    configuration: Configuration, service: InferenceService, metrics: PrometheusRegistry,
    logger: Logger
  ) {
    self.configuration = configuration
    self.service = service
    self.recorder = CallRecorder(metrics: metrics, logger: logger)
    self.logger = logger
  }

  /// Serves until a graceful shutdown: then it accepts no more connections, finishes the calls under
  /// way, ends streams between two messages, and returns.
  ///
  /// - Throws: ``ListenError`` when the address or port cannot be had.
  public func run() async throws {
    let (host, port) = (configuration.host, configuration.port)
    let transport: HTTP2ServerTransport.Posix
    do {
      transport = .http2NIOPosix(
        address: try await address(), transportSecurity: .plaintext, config: transportConfiguration)
    } catch {
      throw ListenError(host: host, port: port, cause: error)
    }
    let server = GRPCCore.GRPCServer(
      transport: transport,
      services: [
        InferenceCalls(service: service), HealthCalls(health: service.health), ReflectionCalls(),
      ], interceptors: [recorder])

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do { try await server.serve() } catch let error as RuntimeError {
          throw ListenError(host: host, port: port, cause: error.cause ?? error)
        }
      }
      group.addTask {
        if let address = try? await transport.listeningAddress { listening(address) }
        try await gracefulShutdown()
        service.health.stop()
        server.beginGracefulShutdown()
        try await Task.sleep(for: service.timeout + Self.patience)
      }
      try await group.next()
      group.cancelAll()
    }
  }

  private func listening(_ address: GRPCNIOTransportHTTP2Posix.SocketAddress) {
    let host = address.ipv4?.host ?? address.ipv6?.host ?? "?"
    let port = address.ipv4?.port ?? address.ipv6?.port ?? 0
    logger.info("listening for gRPC", metadata: ["host": "\(host)", "port": "\(port)"])
  }

  /// The address to bind; a name is looked up.
  private func address() async throws -> GRPCNIOTransportHTTP2Posix.SocketAddress {
    let address = try NIOCore.SocketAddress.makeAddressResolvingHost(
      configuration.host, port: configuration.port)
    let ip = address.ipAddress ?? configuration.host
    if case .v6 = address { return .ipv6(host: ip, port: configuration.port) }
    return .ipv4(host: ip, port: configuration.port)
  }

  private var transportConfiguration: HTTP2ServerTransport.Posix.Config {
    .defaults { configuration in
      configuration.compression.enabledAlgorithms = [.gzip, .deflate]
      configuration.rpc.maxRequestPayloadSize = self.configuration.maximumMessageSize
      // Batches of rows pass in few rounds.
      configuration.http2.targetWindowSize = 1 << 20
      configuration.http2.maxConcurrentStreams = 256
      // A client that vanished is noticed, one that asks for nothing is let go; it connects again.
      configuration.connection.maxIdleTime = .seconds(600)
      configuration.connection.keepalive = .init(
        time: .seconds(60), timeout: .seconds(20),
        clientBehavior: .init(minPingIntervalWithoutCalls: .seconds(10), allowWithoutCalls: true))
      // Waiting for more to send would slow down every client that asks one thing at a time.
      configuration.connection.flushCoalescing = nil
      configuration.channelDebuggingCallbacks.onBindTCPListener = { channel in
        channel.setOption(.backlog, value: 4096)
      }
      configuration.channelDebuggingCallbacks.onAcceptHTTP2Stream = directHandler
    }
  }

  /// The hot call in front of gRPC's own handler.
  private var directHandler: @Sendable (any Channel) -> EventLoopFuture<Void> {
    { [service, recorder, configuration] channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(
          DirectInferHandler(
            service: service, recorder: recorder,
            maximumMessageSize: configuration.maximumMessageSize),
          position: .first)
      }
    }
  }
}
