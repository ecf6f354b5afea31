import API
import ArgumentParser
import Jobs
import Logging
import Redis
import ServiceLifecycle
import Serving
import Telemetry
import Worker

/// `coppice worker`: takes jobs from the queue and predicts.
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Take jobs from the queue of a server and predict.",
    discussion: """
      Start as many as needed, on as many machines; each needs the same models as the server. \
      With --port a worker answers /healthz, /readyz and /metrics.
      """)

  @OptionGroup var models: ModelOptions

  @OptionGroup var queue: QueueOptions

  @Option(help: "How many jobs to take at once.")
  var batch = 32

  @Option(help: "The address for health and metrics.")
  var host = "127.0.0.1"

  @Option(help: "The port for health and metrics; none by default, 0 for any free one.")
  var port: Int?

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard queue.redis != nil else {
      throw ValidationError("a worker needs the queue's Redis: --redis redis://host:port")
    }
    guard (1...1000).contains(batch) else { throw ValidationError("--batch must be 1 to 1000") }
    if let port, !(0...65535).contains(port) {
      throw ValidationError("--port must be 0 to 65535")
    }
  }

  func run() async throws {
    guard let redis = try queue.configuration else { return }
    let logger = log.logger("coppice.worker")
    let metrics = PrometheusRegistry(helps: metricHelps)
    let manager = try await models.manager(keptForJobs: 8, metrics: metrics, logger: logger)
    let catalog = manager.catalog
    let client = RedisClient(redis, logger: logger)
    let source = RedisJobSource(
      client, configuration: queue.queueConfiguration, metrics: metrics, logger: logger)
    let worker = Worker(
      source: source, predictor: MeteredPredictor(LocalPredictor(catalog), metrics: metrics),
      batchSize: batch, logger: logger)
    var services: [any Service] = [manager, HangUpReload(manager: manager), client, source, worker]
    if let port {
      services.append(
        HTTPServer(
          configuration: .init(host: host, port: port), catalog: catalog, predictor: nil,
          metrics: metrics, logger: logger,
          obstacle: { client.isConnected ? nil : "no connection to Redis" }))
    }
    try await run(services, logger: logger)
  }
}
