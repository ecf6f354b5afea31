public import CoreMetrics
public import Logging
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
    /// How many times jobs were looked for.
    var looks = 0
  }

  /// The name of this worker in the consumer group.
  public let consumer: String
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
    self.redis = redis
    self.configuration = configuration
    self.keys = QueueKeys(configuration.name)
    self.metrics = JobMetrics(metrics)
    self.logger = logger
  }

  /// Waits for jobs with a blocked read, looking now and then for those that others left.
  public func take(upTo limit: Int) async -> [Job] {
    var attempt = 0
    var random = SystemRandomNumberGenerator()
    while !isStopping {
      do throws(RedisError) {
        let jobs = try await takeOnce(upTo: limit)
        if !jobs.isEmpty { return jobs }
        attempt = 0
      } catch {
        await recover(from: error, attempt: attempt, random: &random)
        attempt += 1
      }
    }
    return []
  }

  private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

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
    let waiting = try await takeWaiting(connection, upTo: limit)
    if !waiting.isEmpty { return try await take(in: waiting) }
    return try await take(in: try await read(connection))
  }

  /// What waits in the first stream that has anything; now and then the last stream comes first, so
  /// that it is never forgotten for good.
  private func takeWaiting(
    _ connection: RedisConnection, upTo limit: Int
  ) async throws(RedisError) -> [JobEntry] {
    let look = state.withLock { state in
      state.looks += 1
      return state.looks
    }
    let order = look % 16 == 0 ? JobPriority.allCases.reversed() : JobPriority.allCases
    let reply = try await connection.send(
      .evaluate(
        QueueScripts.take, keys: order.map(keys.jobs),
        arguments: [QueueKeys.group, .text(consumer), keys.results, keys.hangUps]
          + order.map { .integer(max(1, $0 == .bulk ? min(limit, 2) : limit)) }))
    guard let parts = reply.elements, parts.count == 2, let number = parts[0].integer,
      order.indices.contains(number - 1)
    else { return [] }
    return JobEntry.list(parts[1], priority: order[number - 1])
  }

  /// Waits for the next job of any priority, for a while.
  private func read(_ connection: RedisConnection) async throws(RedisError) -> [JobEntry] {
    let block = configuration.blockTime
    let streams = keys.streams
    let command = RedisCommand(
      [
        "XREADGROUP", "GROUP", QueueKeys.group, .text(consumer), "COUNT", 1, "BLOCK",
        .integer(block.milliseconds), "STREAMS",
      ] + streams + streams.map { _ in ">" })
    state.withLock { $0.isReading = true }
    let result = await withTaskCancellationOrGracefulShutdownHandler {
      // What stopped before the read cannot wake it.
      isStopping ? .success(.null) : await connection.result(of: command, blocking: block)
    } onCancelOrGracefulShutdown: {
      self.endRead(connection.id)
    }
    state.withLock { $0.isReading = false }
    guard let found = try result.get().elements else { return [] }
    return stride(from: 0, to: found.count - 1, by: 2).flatMap { index -> [JobEntry] in
      guard let priority = found[index].text.flatMap(keys.priority(ofStream:)) else { return [] }
      return JobEntry.list(found[index + 1], priority: priority)
    }
  }

  /// Ends a blocked read early and loses nothing: what Redis has given out by then is still read.
  private func endRead(_ connection: Int) {
    redis.perform([["CLIENT", "UNBLOCK", .integer(connection)]]) { [self] result in
      // 0 is the answer while the read is still on its way to Redis.
      if case .success(let replies) = result, replies[0].integer == 0,
        state.withLock({ $0.isReading })
      {
        endRead(connection)
      }
    }
  }

  /// Keeps what may be computed and ends what may not. Entries that Redis gave out but does not tell
  /// more of are found again by the next connection.
  private func take(in entries: [JobEntry]) async throws(RedisError) -> [Job] {
    guard !entries.isEmpty else { return [] }
    let offset = redis.clockOffset
    let intake = Intake(
      try await begin(entries), maximumAttempts: configuration.maximumAttempts, now: .now,
      clockOffset: offset)
    hold(intake.jobs + intake.expired + intake.cancelled + intake.exhausted)
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

  private func hold(_ jobs: [Job]) {
    state.withLock { state in
      for job in jobs {
        state.held[job.place] = max(job.deadline, state.held[job.place] ?? job.deadline)
      }
    }
  }

  /// The connection for reading, opened with the group when there is none.
  private func connection() async throws(RedisError) -> RedisConnection {
    if let connection = state.withLock({ $0.connection }) { return connection }
    let connection = try await redis.connect(name: consumer)
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

extension RedisConnection {
  fileprivate func result(
    of command: RedisCommand, blocking: Duration
  ) async -> Result<RESPValue, RedisError> {
    do throws(RedisError) {
      return .success(try await send(command, blocking: blocking))
    } catch {
      return .failure(error)
    }
  }
}
