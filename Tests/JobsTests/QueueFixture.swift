import Jobs
import NIOCore
import Redis
import Telemetry
import TestSupport

/// A server's and a worker's side of a queue on one Redis, and a plain client to look at it with.
struct QueueFixture {
  let redis: RedisClient
  let queue: RedisJobQueue
  let source: RedisJobSource
  let metrics = PrometheusRegistry()
  let configuration: RedisQueueConfiguration

  init(
    _ server: RedisServer, _ configuration: RedisQueueConfiguration = .init(), url: String? = nil
  ) throws {
    var connection = try RedisConfiguration(url: url ?? server.url)
    connection.clusterKey = configuration.clusterKey
    connection.backoff = Backoff(base: .milliseconds(10), cap: .milliseconds(100))
    redis = RedisClient(connection, logger: .quiet)
    self.configuration = configuration
    queue = RedisJobQueue(redis, configuration: configuration, metrics: metrics, logger: .quiet)
    source = RedisJobSource(redis, configuration: configuration, metrics: metrics, logger: .quiet)
  }

  /// Runs everything but the worker's keeping of its jobs.
  func run<Result: Sendable>(
    keepingJobs: Bool = false, _ body: @Sendable (QueueFixture) async throws -> Result
  ) async throws -> Result {
    try await withServices(keepingJobs ? [redis, queue, source] : [redis, queue]) {
      _ = await redis.connected()
      return try await body(self)
    }
  }

  /// Another worker on the same queue.
  func anotherSource() -> RedisJobSource {
    RedisJobSource(redis, configuration: configuration, metrics: metrics, logger: .quiet)
  }

  func submit(_ text: String, within time: Duration = .seconds(20)) async throws(JobError) -> String
  {
    String(buffer: try await queue.submit(ByteBuffer(string: text), deadline: .after(time)))
  }

  /// Hands in a job and waits for its answer in the background.
  func submitting(_ text: String) -> Task<String, any Error> {
    Task { try await submit(text) }
  }

  /// Waits until this many jobs wait or run.
  func depth(is count: Int) async throws {
    try await until {
      guard let depth = try? await queue.depth() else { return false }
      return depth.waiting + depth.running == count
    }
  }

  /// Takes the waiting jobs as a worker that dies with them.
  func takeAndDie(_ consumer: String = "dead", count: Int = 100) async throws {
    _ = try? await redis.send(
      ["XGROUP", "CREATE", "{coppice}:jobs:interactive", "workers", "0", "MKSTREAM"])
    _ = try await redis.send([
      "XREADGROUP", "GROUP", "workers", .text(consumer), "COUNT", .integer(count), "STREAMS",
      "{coppice}:jobs:interactive", ">",
    ])
  }

  /// The sample of a metric, by its name and labels as Prometheus shows them.
  func metric(_ name: String) -> Int {
    for line in metrics.text().split(separator: "\n") where line.hasPrefix(name + " ") {
      return Double(line.dropFirst(name.count + 1)).map { Int($0) } ?? -1
    }
    return 0
  }
}

extension JobSource {
  /// Answers every job with its own payload and a mark, until the task is cancelled.
  func echo(_ mark: String = "!", batch: Int = 32) async {
    while !Task.isCancelled {
      let jobs = await take(upTo: batch)
      await complete(jobs.map { ($0, $0.echo(mark)) })
    }
  }
}

extension Job {
  var text: String { String(buffer: payload) }

  func echo(_ mark: String = "!") -> JobOutcome { .done(ByteBuffer(string: text + mark)) }
}

/// Runs `body` while `background` goes on, which is cancelled at the end.
func during<Result: Sendable>(
  _ background: @escaping @Sendable () async -> Void, _ body: () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await background() }
    defer { group.cancelAll() }
    return try await body()
  }
}

extension RedisQueueConfiguration {
  /// Soon notices workers that are dead.
  static var impatient: RedisQueueConfiguration {
    var configuration = RedisQueueConfiguration()
    configuration.visibility = .milliseconds(300)
    configuration.blockTime = .milliseconds(50)
    return configuration
  }
}
