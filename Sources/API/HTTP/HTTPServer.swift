import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
public import Serving
import Synchronization
public import Telemetry

/// The HTTP server: routes in front of whatever predicts.
public struct HTTPServer: Service {
  /// Where the server listens and what it accepts.
  public struct Configuration: Sendable {
    /// The address to bind, such as `127.0.0.1`, or `0.0.0.0` for every network.
    public var host: String
    /// The port to bind; 0 for any free one.
    public var port: Int
    /// How long a request may take when it does not say so itself.
    public var timeout: Duration
    /// The largest body, in bytes.
    public var maximumBodySize: Int
    /// Where Vertex AI wants to be answered.
    public var vertex: VertexPaths
    /// The largest model file that an admin call may bring, in bytes.
    public var maximumUploadSize = 512 << 20

    /// A configuration.
    public init(
      host: String = "127.0.0.1", port: Int = 10000, timeout: Duration = .seconds(10),
      maximumBodySize: Int = 16 << 20, vertex: VertexPaths = VertexPaths()
    ) {
      self.host = host
      self.port = port
      self.timeout = timeout
      self.maximumBodySize = maximumBodySize
      self.vertex = vertex
    }
  }

  let configuration: Configuration
  let catalog: ModelCatalog
  let predictor: (any Predicting)?
  let metrics: PrometheusRegistry
  let health: Health
  let jobs: JobService?
  let logger: Logger
  let admin: (manager: ModelManager, access: AdminAccess)?
  /// What the other protocols share with this one; nil for health and metrics only.
  public let inference: InferenceService?

  /// A server.
  ///
  /// - Parameters:
  ///   - configuration: where to listen and what to accept.
  ///   - catalog: the models that requests are checked against.
  ///   - predictor: what answers them; nil for health and metrics only, as a worker serves them.
  ///   - jobs: what keeps jobs that outlive their request; nil for none.
  ///   - metrics: what `/metrics` shows, and where the server counts.
  ///   - obstacle: asked by `/readyz`; a reason why predictions would fail now, or nil.
  ///   - statistics: what is told of the models' predictions.
  ///   - repository: what shows, loads and unloads models; nil for a catalog that stays as it is.
  ///   - admin: what changes the models on request, and who may ask for it; nil for nobody.
  ///   - logger: gets one line a request.
  public init(
    configuration: Configuration, catalog: ModelCatalog, predictor: (any Predicting)?,
    jobs: JobService? = nil, statistics: PredictionStatistics = PredictionStatistics(),
    repository: (any RepositoryControl)? = nil, metrics: PrometheusRegistry,
    admin: (manager: ModelManager, access: AdminAccess)? = nil, logger: Logger,
    obstacle: @escaping @Sendable () async -> String? = { nil }
  ) {
    self.configuration = configuration
    self.catalog = catalog
    self.predictor = predictor
    self.jobs = jobs
    self.metrics = metrics
    let health = Health(obstacle: obstacle)
    self.health = health
    self.logger = logger
    self.admin = admin
    self.inference = predictor.map {
      InferenceService(
        catalog: catalog, predictor: $0, repository: repository ?? FixedRepository(catalog),
        statistics: statistics, health: health, timeout: configuration.timeout)
    }
  }

  /// Serves until a graceful shutdown: then it accepts no more connections, finishes the requests
  /// under way and returns.
  ///
  /// - Throws: ``ListenError`` when the address or port cannot be had.
  public func run() async throws {
    let isListening = Atomic(false)
    let recorder = RequestRecorder(metrics: metrics, logger: logger)
    let routes = routes
    let application = Application(
      router: router(routes, recorder: recorder),
      server: channel(routes, recorder: recorder),
      configuration: .init(
        address: .hostname(configuration.host, port: configuration.port), backlog: 4096),
      onServerRunning: { [logger] channel in
        isListening.store(true, ordering: .relaxed)
        logger.info(
          "listening",
          metadata: [
            "host": "\(channel.localAddress?.ipAddress ?? "?")",
            "port": "\(channel.localAddress?.port ?? 0)",
          ])
      },
      logger: quietLogger)
    do {
      try await withGracefulShutdownHandler {
        try await application.run()
      } onGracefulShutdown: {
        health.stop()
      }
    } catch  where !isListening.load(ordering: .relaxed) {
      throw ListenError(host: configuration.host, port: configuration.port, cause: error)
    }
  }

  /// Everything that is answered, in one description.
  private var routes: [Route] {
    var routes = OperationsRoutes(health: health, catalog: catalog, metrics: metrics).routes
    guard let inference else { return routes }
    routes += [PredictRoute(service: inference, jobs: jobRoutes).route]
    routes += V2Routes(service: inference, jobs: jobRoutes).routes
    routes += RowsRoutes(service: inference, vertex: configuration.vertex).routes
    routes += jobRoutes?.routes ?? []
    if let admin {
      routes +=
        AdminRoutes(
          manager: admin.manager, maximumUploadSize: configuration.maximumUploadSize
        ).routes
    }
    // Where Vertex AI asks for a path that another protocol has, that one's answer serves it too.
    var known = Set<String>()
    routes = (routes + DocsRoutes(routes).routes).filter {
      known.insert("\($0.method.rawValue) \($0.path)").inserted
    }
    return routes
  }

  private var jobRoutes: JobRoutes? {
    jobs.map {
      JobRoutes(service: $0, catalog: catalog, maximumBodySize: configuration.maximumBodySize)
    }
  }

  private var runner: RouteRunner {
    RouteRunner(service: inference, maximumBodySize: configuration.maximumBodySize)
  }

  /// HTTP/1.1, with the routes that predict in front where there are any.
  private func channel(_ routes: [Route], recorder: RequestRecorder) -> HTTPServerBuilder {
    let idleTimeout = TimeAmount.seconds(75)
    guard let predictor else {
      return .http1(configuration: .init(idleTimeout: idleTimeout))
    }
    let date = DateHeader()
    let table = RouteTable(routes.filter { if case .prediction = $0.work { true } else { false } })
    return .http1(
      configuration: .init(
        additionalChannelHandlers: [
          DirectHandler(
            table: table, runner: runner, predictor: predictor, recorder: recorder, date: date,
            idleTimeout: idleTimeout)
        ]))
  }

  private func router(_ routes: [Route], recorder: RequestRecorder) -> Router<ConnectionContext> {
    let router = Router(context: ConnectionContext.self)
    router.add(middleware: RequestObserver(recorder: recorder))
    router.add(middleware: AdminGate(access: admin?.access, logger: logger))
    runner.add(routes, to: router)
    return router
  }

  /// Hummingbird's own lines about its life are for debugging; ours tell the same.
  private var quietLogger: Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }
}

/// The server could not begin to listen.
public struct ListenError: Error, CustomStringConvertible {
  /// The address that was asked for.
  public let host: String
  /// The port that was asked for.
  public let port: Int
  /// What the system said.
  public let cause: any Error

  /// The address, and what the system said.
  public var description: String {
    "cannot listen on \(host) port \(port): \(cause); is another server running there?"
  }
}
