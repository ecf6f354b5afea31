import ArgumentParser
import Jobs
import Redis

/// Where the job queue is, and how it behaves.
struct QueueOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The Redis of the job queue: redis://[user][:password]@host:port/db, rediss:// for TLS, or "
        + "redis+sentinel://host:port,host:port/primary.", valueName: "url"))
  var redis: String?

  @Option(
    help: ArgumentHelp(
      "With rediss://: a PEM file of the authorities that vouch for the server; otherwise the "
        + "system's.", valueName: "path"))
  var redisCa: String?

  @Option(help: "The queue's name, if several share one Redis.")
  var queue = "coppice"

  @Option(help: "How many jobs may wait or run; more requests are answered with 429.")
  var maxQueueDepth = 10_000

  @Option(help: "How long a worker may be silent, in seconds, before others take over its jobs.")
  var visibility = 3.0

  @Option(help: "How many workers may die of a job before it is set aside.")
  var maxAttempts = 3

  func validate() throws {
    guard maxQueueDepth > 0 else { throw ValidationError("--max-queue-depth must be at least 1") }
    guard maxAttempts > 0 else { throw ValidationError("--max-attempts must be at least 1") }
    guard visibility >= 0.1, visibility <= 3600 else {
      throw ValidationError("--visibility must be 0.1 to 3600 seconds")
    }
    _ = try configuration
  }

  /// The server, if one was named.
  var configuration: RedisConfiguration? {
    get throws {
      guard let redis else { return nil }
      var configuration = try RedisConfiguration(url: redis)
      configuration.certificateAuthorityFile = redisCa
      configuration.clusterKey = queueConfiguration.clusterKey
      return configuration
    }
  }

  /// The queue's settings.
  var queueConfiguration: RedisQueueConfiguration {
    var configuration = RedisQueueConfiguration()
    configuration.name = queue
    configuration.maximumDepth = maxQueueDepth
    configuration.maximumAttempts = maxAttempts
    configuration.visibility = .seconds(visibility)
    return configuration
  }
}
