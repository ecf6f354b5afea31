import GRPCCore
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
  private static let patience = Duration.seconds(5)

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
    let transport = GRPCTransport(
      configuration: configuration,
      direct: DirectInference(service: service, recorder: recorder), logger: logger)
    let server = GRPCCore.GRPCServer(
      transport: transport,
      services: [
        InferenceCalls(service: service), HealthCalls(health: service.health), ReflectionCalls(),
      ], interceptors: [recorder])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          try await server.serve()
        } catch let error as RuntimeError {
          throw error.cause ?? error
        }
      }
      group.addTask {
        try await gracefulShutdown()
        service.health.stop()
        server.beginGracefulShutdown()
        try await Task.sleep(for: service.timeout + Self.patience)
      }
      try await group.next()
      group.cancelAll()
    }
  }
}
