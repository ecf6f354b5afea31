public import CoreMetrics
public import Logging
import NIOCore
import NIOPosix
public import Redis
public import ServiceLifecycle
import Synchronization

/// A worker's side of a queue in Redis Streams.
///
/// Jobs are read as one consumer of the group that all workers share. While this service runs it
/// tells Redis every third of the visibility time that the jobs in hand are cared for, and looks every
/// half of it for jobs that others left behind.
public final class RedisJobSource: JobSource, Service {
  struct State {
    /// Entries in hand, and until when somebody waits for them.
    var held: [JobPlace: Deadline] = [:]
    /// What has ended of bundles of which other jobs are still under way.
    var partial: [JobPlace: [(job: Job, outcome: JobOutcome)?]] = [:]
    var connection: RedisConnection?
    /// When to look for what others left.
    var nextTakeOver = ContinuousClock.now
    /// Whether jobs may have been given to us that never arrived.
    var mayHaveLost = false
    /// How many jobs were finished since the stream was trimmed.
    var untrimmed = 0
    var isReading = false
    /// How many more times to look in order of priority before waiting for whatever comes first: at least
    /// once after several entries, which had others behind them, and for a while after less urgent ones.
    var looksInOrder = 1
    /// How many times jobs were looked for.
    var looks = 0
  }

  /// The name of this worker in the consumer group.
  public let consumer: String
  /// The event loop of the connection that jobs are read with. Nothing else runs there, least of all
  /// what keeps the jobs in hand while the worker computes.
  public let executor: (any TaskExecutor)?
  private let eventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let redis: RedisClient
  let configuration: RedisQueueConfiguration
  let keys: QueueKeys
  let metrics: JobMetrics
  let logger: Logger
  let state = Mutex(State())

  /// A worker on this Redis, whose service must run for longer than this one.
  ///
  /// - Parameter host: the machine's name, to tell workers apart; the rest of the name is random.
  public init(
    _ redis: RedisClient, configuration: RedisQueueConfiguration = .init(), host: String = "worker",
    metrics: any MetricsFactory, logger: Logger
  ) {
    var random = SystemRandomNumberGenerator()
    self.consumer = "\(host)-\(ServerID.random(using: &random))"
    self.executor = LoopExecutor(eventLoopGroup.next())
    self.redis = redis
    self.configuration = configuration
    self.keys = QueueKeys(configuration.name)
    self.metrics = JobMetrics(metrics)
    self.logger = logger
  }

  deinit { eventLoopGroup.shutdownGracefully { _ in } }

  /// Waits for jobs with a blocked read, looking now and then for those that others left.
  public func take(upTo limit: Int) async -> [Job] { await take(upTo: limit, completing: []) }

  /// Commits and takes what waits in one round trip; waits as ``take(upTo:)`` does if that is nothing.
  public func take(
    upTo limit: Int, completing results: [(job: Job, outcome: JobOutcome)]
  ) async -> [Job] {
    var waiting = await commit(results, takingUpTo: limit)
    var attempt = 0
    var random = SystemRandomNumberGenerator()
    while !isStopping || !waiting.isEmpty {
      do throws(RedisError) {
        let entries = waiting
        waiting = []
        let jobs =
          entries.isEmpty ? try await takeOnce(upTo: limit) : try await take(in: entries)
        if !jobs.isEmpty { return jobs }
        attempt = 0
      } catch {
        await recover(from: error, attempt: attempt, random: &random)
        attempt += 1
      }
    }
    return []
  }

  var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

  /// One look at what others left, if it is due, or else one read, which may find nothing.
  private func takeOnce(upTo limit: Int) async throws(RedisError) -> [Job] {
    // What is taken while the other connection is down could be neither begun nor completed, and each
    // time would count as an attempt.
    if !redis.isConnected {
      guard await cancelWhenGracefulShutdown({ await self.redis.connected() }) else { return [] }
    }
    let connection = try await connection()
    if let left = try await takeOver(connection) {
      metrics.takenOver.increment()
      return try await take(in: [left])
    }
    if state.withLock({ $0.looksInOrder > 0 }) {
      let waiting = try await takeWaiting(connection, upTo: limit)
      if !waiting.isEmpty { return try await take(in: waiting) }
    }
    return try await take(in: try await read(connection, upTo: limit))
  }

  /// Keeps what may be computed and ends what may not. Entries that Redis gave out but does not tell
  /// more of are found again by the next connection.
  private func take(in entries: [JobEntry]) async throws(RedisError) -> [Job] {
    state.withLock { state in
      state.looksInOrder =
        entries.contains { $0.place.priority != .interactive }
        ? 16 : max(state.looksInOrder - 1, entries.count > 1 ? 1 : 0)
    }
    guard !entries.isEmpty else { return [] }
    let offset = redis.clockOffset
    let intake = Intake(
      try await begin(entries), maximumAttempts: configuration.maximumAttempts, now: .now,
      clockOffset: offset)
    state.withLock { state in
      for (place, deadline) in intake.places { state.held[place] = deadline }
    }
    metrics.taken.increment(by: intake.jobs.count)
    let now = Deadline.now.unixMilliseconds + offset
    for entry in entries {
      if let enqueued = entry.enqueued { metrics.wait.recordMilliseconds(max(0, now - enqueued)) }
    }
    let ended =
      intake.expired.map { ($0, JobOutcome.expired) } + intake.cancelled.map { ($0, .cancelled) }
    if !ended.isEmpty { await complete(ended) }
    await bury(intake)
    return intake.jobs
  }

  /// The connection for reading, opened with the group when there is none.
  private func connection() async throws(RedisError) -> RedisConnection {
    if let connection = state.withLock({ $0.connection }) { return connection }
    let connection = try await redis.connect(name: consumer, on: eventLoopGroup.next())
    do throws(RedisError) {
      try await createGroup(connection)
    } catch {
      connection.close()
      throw error
    }
    state.withLock { state in
      state.connection = connection
      state.nextTakeOver = .now
      state.mayHaveLost = true
    }
    return connection
  }

  private func createGroup(_ connection: RedisConnection) async throws(RedisError) {
    for stream in keys.streams {
      do throws(RedisError) {
        _ = try await connection.send(
          ["XGROUP", "CREATE", stream, QueueKeys.group, "0", "MKSTREAM"])
      } catch  where error.serverCode == "BUSYGROUP" {
        // Another worker was first.
      }
    }
  }

  private func recover(
    from error: RedisError, attempt: Int, random: inout some RandomNumberGenerator
  ) async {
    if isStopping { return }
    state.withLock { $0.connection.take() }?.close()
    // The group is gone when someone flushed Redis; the next connection makes it again.
    if error.serverCode == "NOGROUP" || error.serverCode == "UNBLOCKED", attempt == 0 {
      logger.warning("the queue was flushed; starting it again", metadata: ["reason": "\(error)"])
      return
    }
    let delay = redis.configuration.backoff.delay(attempt: attempt, using: &random)
    logger.warning(
      "cannot take jobs; trying again", metadata: ["reason": "\(error)", "delay": "\(delay)"])
    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: delay) }
  }
}
