import Foundation
import Jobs
import NIOCore
import Redis
import ServiceLifecycle
import Telemetry
import TestSupport
import Testing

/// What keeps durable jobs; every one passes the same tests.
enum Backend: String, CaseIterable, CustomTestStringConvertible {
  case redis, file, memory

  var testDescription: String { rawValue }

  /// Runs a test with a queue of this kind, which is empty and quick to lose patience.
  func run(
    maximumDepth: Int = 1000, _ settings: DurableJobSettings = .init(),
    _ body: @escaping @Sendable (BackendFixture) async throws -> Void
  ) async throws {
    switch self {
    case .redis:
      var configuration = RedisQueueConfiguration()
      configuration.visibility = .milliseconds(300)
      configuration.blockTime = .milliseconds(50)
      configuration.maximumDepth = maximumDepth
      configuration.durable = settings
      try await withRedis { [configuration] server in
        let redis = RedisClient(try RedisConfiguration(url: server.url), logger: .quiet)
        let metrics = PrometheusRegistry()
        @Sendable func source() -> RedisJobSource {
          RedisJobSource(redis, configuration: configuration, metrics: metrics, logger: .quiet)
        }
        let queue = RedisJobQueue(
          redis, configuration: configuration, metrics: metrics, logger: .quiet)
        let first = source()
        try await withServices([redis, queue]) {
          _ = await redis.connected()
          // The streams have their group from the first look on.
          try await body(
            BackendFixture(
              queue: queue, source: first, another: { source() },
              workersDie: { /* Their silence is enough. */  }))
        }
      }
    case .file:
      try await withTemporaryFolder { folder in
        try await Self.embedded(
          folder.appending(path: "jobs.sqlite").path, maximumDepth, settings, body)
      }
    case .memory: try await Self.embedded(":memory:", maximumDepth, settings, body)
    }
  }

  private static func embedded(
    _ path: String, _ maximumDepth: Int, _ settings: DurableJobSettings,
    _ body: @escaping @Sendable (BackendFixture) async throws -> Void
  ) async throws {
    var configuration = SQLiteJobQueue.Configuration()
    configuration.maximumDepth = maximumDepth
    configuration.durable = settings
    configuration.tidyInterval = .milliseconds(100)
    let queue = SQLiteJobQueue(
      path: path, configuration: configuration, metrics: PrometheusRegistry(), logger: .quiet)
    try await withServices([queue]) {
      try await body(
        BackendFixture(
          queue: queue, source: SQLiteJobSource(queue), another: { SQLiteJobSource(queue) },
          workersDie: {
            if path == ":memory:" {
              try await queue.releaseAll()
            } else {
              // What the next process finds.
              await queue.close()
              try await queue.open()
            }
          }))
    }
  }
}

/// Both sides of a queue.
struct BackendFixture: Sendable {
  let queue: any DurableJobQueue
  let source: any JobSource
  let another: @Sendable () -> any JobSource
  /// What workers have in hand is left behind.
  let workersDie: @Sendable () async throws -> Void

  /// How many pieces no worker has taken yet.
  func waiting() async throws -> Int {
    switch queue {
    case let queue as RedisJobQueue: try await queue.depth().waiting
    case let queue as SQLiteJobQueue: try await queue.depth().waiting
    default: 0
    }
  }

  /// Accepts a job of one piece.
  func accept(
    _ text: String, priority: JobPriority = .normal, tenant: String = "default",
    within time: Duration = .seconds(60), key: String? = nil, webhook: String = ""
  ) async throws -> AcceptedJob {
    try await queue.accept(
      Self.job(priority, tenant, within: time, key: key, hash: text, webhook: webhook),
      payload: ByteBuffer(string: text), rows: 1)
  }

  static func job(
    _ priority: JobPriority = .normal, _ tenant: String = "default",
    within time: Duration = .seconds(60), key: String? = nil, hash: String = "",
    webhook: String = ""
  ) -> DurableJob {
    DurableJob(
      priority: priority, tenant: tenant, deadline: .after(time), context: "context",
      webhook: webhook, idempotency: key.map { .init(key: $0, hash: hash) })
  }

  /// Hands in a job of as many pieces as there are texts.
  func handIn(_ texts: [String], tenant: String = "default") async throws -> JobID {
    let job = Self.job(.bulk, tenant)
    let id = try await queue.open(job)
    for (number, text) in texts.enumerated() {
      try await queue.append(
        ByteBuffer(string: text), rows: 10, number: number, to: id, as: job)
    }
    return try await queue.seal(id, as: job).id
  }

  func answer(_ id: JobID, _ piece: Int = 0) async throws -> String? {
    try await queue.answer(to: piece, of: id).map { String(buffer: $0) }
  }
}
