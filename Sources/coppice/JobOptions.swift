import API
import ArgumentParser
import Jobs
import Logging
import Telemetry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a server keeps jobs that outlive their request (`/api/jobs`).
struct JobOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Without --redis: the file that keeps jobs; memory to keep them in memory only. By default "
        + "a file coppice/jobs.sqlite under $XDG_STATE_HOME or ~/.local/state, made for the first job.",
      valueName: "path"))
  var jobsFile: String?

  @Option(help: "How long a job may take, in seconds, when it does not say ?timeout=.")
  var jobTimeout = 86_400.0

  @Option(help: "How long the result of a job is kept, in seconds.")
  var resultLifetime = 3_600.0

  @Option(help: "How many unfinished jobs a client (X-Tenant) may have; more get 429.")
  var maxClientJobs = 1_000

  @Option(help: "The largest body of many rows, in bytes, that a job may have.")
  var maxBatchBytes = 2 << 30

  @Option(
    help: "What webhooks are signed with; without it, jobs may name none. Better given in a file.")
  var webhookSecret: String?

  @Flag(help: "Let webhooks go to private networks and to this machine.")
  var allowPrivateWebhooks = false

  func validate() throws {
    guard jobTimeout > 0, jobTimeout <= 604_800 else {
      throw ValidationError("--job-timeout must be more than 0 and at most 604800 seconds")
    }
    guard resultLifetime > 0, resultLifetime <= 86_400 else {
      throw ValidationError("--result-lifetime must be more than 0 and at most 86400 seconds")
    }
    guard maxClientJobs > 0 else { throw ValidationError("--max-client-jobs must be at least 1") }
    guard maxBatchBytes > 0 else { throw ValidationError("--max-batch-bytes must be at least 1") }
    if let webhookSecret, webhookSecret.isEmpty {
      throw ValidationError("--webhook-secret must not be empty")
    }
  }

  /// What holds for durable jobs, whatever keeps them.
  var settings: DurableJobSettings {
    var settings = DurableJobSettings()
    settings.resultLifetime = .seconds(resultLifetime)
    settings.maximumTenantJobs = maxClientJobs
    return settings
  }

  /// The routes' side of a queue.
  func service(_ queue: any DurableJobQueue) -> JobService {
    var configuration = JobService.Configuration()
    configuration.timeout = .seconds(jobTimeout)
    configuration.maximumBatchSize = maxBatchBytes
    configuration.takesWebhooks = webhookSecret != nil
    configuration.allowsPrivateWebhooks = allowPrivateWebhooks
    return JobService(queue, configuration: configuration)
  }

  /// What tells webhooks, if there is a secret to sign with.
  func delivery(
    _ queue: any DurableJobQueue, metrics: PrometheusRegistry, logger: Logger
  ) -> [WebhookDelivery] {
    guard let webhookSecret else { return [] }
    return [
      WebhookDelivery(
        queue, secret: webhookSecret, allowsPrivate: allowPrivateWebhooks, metrics: metrics,
        logger: logger)
    ]
  }

  /// The queue of a server without Redis; jobs that were left in its file are done first.
  ///
  /// - Throws: `CommandError` when a file that was asked for cannot be used. The default one is only
  ///   reported: predictions need no jobs.
  func embeddedQueue(metrics: PrometheusRegistry, logger: Logger) async throws -> SQLiteJobQueue {
    var configuration = SQLiteJobQueue.Configuration()
    configuration.durable = settings
    let path = jobsFile ?? Self.defaultFile
    let queue = SQLiteJobQueue(
      path: path == "memory" ? ":memory:" : path, configuration: configuration, metrics: metrics,
      logger: logger)
    guard path != "memory", jobsFile != nil || FileManager.default.fileExists(atPath: path) else {
      return queue
    }
    do throws(JobError) {
      try await queue.open()
    } catch {
      if jobsFile != nil { throw CommandError(error.message) }
      logger.warning("no jobs for now", metadata: ["reason": "\(error.message)"])
    }
    return queue
  }

  private static var defaultFile: String {
    let environment = ProcessInfo.processInfo.environment
    let state =
      environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
      ?? (environment["HOME"] ?? "/tmp") + "/.local/state"
    return state + "/coppice/jobs.sqlite"
  }
}
