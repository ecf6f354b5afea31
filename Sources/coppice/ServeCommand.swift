import API
import ArgumentParser
import Jobs
import Logging
import NIOCore
import Redis
import ServiceLifecycle
import Serving
import Telemetry
import Worker

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `coppice serve`: answers predictions over HTTP and gRPC.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve models over HTTP and gRPC.",
    discussion: """
      Without --redis this process predicts itself, and keeps jobs (/api/jobs) in a file. With \
      --redis it checks requests and puts them into the queue, and workers (coppice worker) predict.
      """)

  @OptionGroup var models: ModelOptions

  @Option(help: "The address to listen on; 0.0.0.0 for every network.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 for any free one.")
  var port = 10000

  @Option(help: "The port to listen on for gRPC; 0 for any free one.")
  var grpcPort = 10001

  @Flag(help: "Do not listen for gRPC.")
  var noGrpc = false

  @Option(help: "How long a request may take, in seconds, when it does not say Prefer: wait=.")
  var timeout = 10.0

  @Option(
    help: ArgumentHelp(
      "How many threads serve connections. (default: one a core; with --redis half as many)",
      valueName: "threads"))
  var threads: Int?

  @OptionGroup var trial: TrialOptions

  @OptionGroup var limits: LimitOptions

  @OptionGroup var admin: AdminOptions

  @OptionGroup var queue: QueueOptions

  @OptionGroup var jobs: JobOptions

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must be 0 to 65535") }
    guard (0...65535).contains(grpcPort) else {
      throw ValidationError("--grpc-port must be 0 to 65535")
    }
    guard timeout > 0, timeout <= 3600 else {
      throw ValidationError("--timeout must be more than 0 and at most 3600 seconds")
    }
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("--threads must be 1 to 1024")
    }
  }

  func run() async throws {
    let logger = log.logger("coppice.serve")
    let metrics = PrometheusRegistry(helps: metricHelps)
    let redis = try queue.configuration
    // Where others compute, fewer threads wake each other less (docs/decisions/queue-throughput.md).
    let cores = NIOCore.System.coreCount
    NIOSingletons.groupLoopCountSuggestion = threads ?? (redis == nil ? cores : max(1, cores / 2))
    let manager = try await models.manager(
      trial: trial.bounds, mayBeEmpty: admin.admin, metrics: metrics, logger: logger)
    let repository: [any Service] = [manager, HangUpReload(manager: manager)]
    guard let redis else {
      return try await serveAlone(manager, repository, metrics: metrics, logger: logger)
    }
    let client = RedisClient(redis, logger: logger)
    var configuration = queue.queueConfiguration
    configuration.durable = jobs.settings
    let queue = RedisJobQueue(
      client, configuration: configuration, metrics: metrics, logger: logger)
    let servers = try servers(
      manager, QueuedPredictor(queue), jobs.service(queue), metrics: metrics, logger: logger,
      obstacle: { queue.obstacle })
    let webhooks = jobs.delivery(queue, metrics: metrics, logger: logger)
    try await run(repository + [client, queue] + webhooks + servers, logger: logger)
  }

  /// Predicts in this process, jobs too.
  private func serveAlone(
    _ manager: ModelManager, _ repository: [any Service], metrics: PrometheusRegistry,
    logger: Logger
  ) async throws {
    let local = LocalPredictor(manager.catalog)
    let predictor = MeteredPredictor(local, metrics: metrics)
    let queue = try await jobs.embeddedQueue(metrics: metrics, logger: logger)
    var services = repository + [queue]
    // One for each core, so that a large job does not leave any idle.
    for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
      let source = SQLiteJobSource(queue)
      services += [
        source, Worker(source: source, predictor: predictor, batchSize: 8, logger: logger),
      ]
    }
    services += jobs.delivery(queue, metrics: metrics, logger: logger)
    services += try servers(
      manager, local, jobs.service(queue), metrics: metrics, logger: logger)
    try await run(services, logger: logger)
  }

  /// What answers callers, and what stands between that and the predictor.
  private func servers(
    _ manager: ModelManager, _ predictor: any Predicting, _ jobs: JobService,
    metrics: PrometheusRegistry, logger: Logger,
    obstacle: @escaping @Sendable () async -> String? = { nil }
  ) throws -> [any Service] {
    let metered = MeteredPredictor(predictor, metrics: metrics)
    let limited = LimitedPredictor(metered, limits: limits.limits, metrics: metrics)
    let traffic = TrafficPredictor(limited, catalog: manager.catalog, metrics: metrics)
    var configuration = HTTPServer.Configuration(
      host: host, port: port, timeout: .seconds(timeout), maximumBodySize: limits.maxBodyBytes,
      vertex: VertexPaths(environment: ProcessInfo.processInfo.environment))
    configuration.maximumUploadSize = admin.maxUploadBytes
    let access = try admin.access
    let http = HTTPServer(
      configuration: configuration, catalog: manager.catalog, predictor: traffic, jobs: jobs,
      statistics: metered.statistics,
      repository: access == nil ? ReadOnlyRepository(manager) : manager, metrics: metrics,
      admin: access.map { (manager, $0) }, logger: logger, obstacle: obstacle)
    guard !noGrpc, let inference = http.inference else { return [traffic, http] }
    let grpc = GRPCServer(
      configuration: .init(
        host: host, port: grpcPort, maximumMessageSize: limits.maxBodyBytes),
      service: inference, admin: access, metrics: metrics, logger: logger)
    return [traffic, Together(services: [http, grpc])]
  }
}
