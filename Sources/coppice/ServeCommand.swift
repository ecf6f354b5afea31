import API
import ArgumentParser
import Jobs
import Logging
import Redis
import ServiceLifecycle
import Serving
import Telemetry

/// `coppice serve`: answers predictions over HTTP.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve models over HTTP.",
    discussion: """
      Without --redis this process predicts itself. With --redis it checks requests and puts them \
      into the queue, and workers (coppice worker) predict.
      """)

  @OptionGroup var models: ModelOptions

  @Option(help: "The address to listen on; 0.0.0.0 for every network.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 for any free one.")
  var port = 10000

  @Option(help: "How long a request may take, in seconds, when it does not say Prefer: wait=.")
  var timeout = 10.0

  @OptionGroup var limits: LimitOptions

  @OptionGroup var admin: AdminOptions

  @OptionGroup var queue: QueueOptions

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must be 0 to 65535") }
    guard timeout > 0, timeout <= 3600 else {
      throw ValidationError("--timeout must be more than 0 and at most 3600 seconds")
    }
  }

  func run() async throws {
    let logger = log.logger("coppice.serve")
    let metrics = PrometheusRegistry(helps: metricHelps)
    let manager = try await models.manager(
      mayBeEmpty: admin.admin, metrics: metrics, logger: logger)
    let repository: [any Service] = [manager, HangUpReload(manager: manager)]
    guard let redis = try queue.configuration else {
      let (server, traffic) = try server(
        manager, LocalPredictor(manager.catalog), metrics: metrics, logger: logger)
      return try await run(repository + [traffic, server], logger: logger)
    }
    let client = RedisClient(redis, logger: logger)
    let jobs = RedisJobQueue(
      client, configuration: queue.queueConfiguration, metrics: metrics, logger: logger)
    let (server, traffic) = try server(
      manager, QueuedPredictor(jobs), metrics: metrics, logger: logger,
      obstacle: { jobs.obstacle })
    try await run(repository + [client, jobs, traffic, server], logger: logger)
  }

  private func server(
    _ manager: ModelManager, _ predictor: any Predicting, metrics: PrometheusRegistry,
    logger: Logger, obstacle: @escaping @Sendable () async -> String? = { nil }
  ) throws -> (HTTPServer, TrafficPredictor) {
    let metered = MeteredPredictor(predictor, metrics: metrics)
    let limited = LimitedPredictor(metered, limits: limits.limits, metrics: metrics)
    let traffic = TrafficPredictor(limited, catalog: manager.catalog, metrics: metrics)
    var configuration = HTTPServer.Configuration(
      host: host, port: port, timeout: .seconds(timeout), maximumBodySize: limits.maxBodyBytes)
    configuration.maximumUploadSize = admin.maxUploadBytes
    let access = try admin.access
    let server = HTTPServer(
      configuration: configuration, catalog: manager.catalog, predictor: traffic,
      statistics: metered.statistics,
      repository: access == nil ? ReadOnlyRepository(manager) : manager, metrics: metrics,
      admin: access.map { (manager, $0) }, logger: logger, obstacle: obstacle)
    return (server, traffic)
  }
}
