public import CoreMetrics
public import Logging
public import NIOCore
public import Redis
public import ServiceLifecycle
import Synchronization

/// The server's side of a queue in Redis Streams.
///
/// Handing in costs one round trip, and the answer comes by itself: workers write the replies to all
/// jobs of this process into one stream, which it reads with one blocked connection. While Redis is
/// down, jobs are refused at once; waiters that are already there get their answers when it is back.
///
/// ```swift
/// let redis = RedisClient(configuration, logger: logger)
/// let queue = RedisJobQueue(redis, metrics: factory, logger: logger)
/// // run both in a service group, redis first
/// let answer = try await queue.submit(bytes, deadline: .after(.seconds(10)))
/// ```
public final class RedisJobQueue: JobQueue, Service {
  typealias Waiter = @Sendable (Result<ByteBuffer, JobError>) -> Void

  struct State {
    var waiters = Waiters<Waiter>()
    var isStopped = false
    /// Jobs that are handed in with the next script.
    var unsent: [Unsent] = []
    /// Whether Redis has not answered the last script yet.
    var isSending = false
    /// Whether a moment passes for more to come.
    var isGathering = false
  }

  /// Names this process in the key of its replies.
  let server: String
  let redis: RedisClient
  let configuration: RedisQueueConfiguration
  let keys: QueueKeys
  let metrics: JobMetrics
  let logger: Logger
  let changes = JobChanges()
  let state = Mutex(State())
  private let names = UInt64.random(in: .min ... .max)
  private let count = Atomic<UInt64>(0)
  private let (arrivals, arrival) = AsyncStream.makeStream(
    of: Void.self, bufferingPolicy: .bufferingNewest(1))

  /// A queue on this Redis, whose service must run for longer than this one.
  public init(
    _ redis: RedisClient, configuration: RedisQueueConfiguration = .init(),
    metrics: any MetricsFactory, logger: Logger
  ) {
    var random = SystemRandomNumberGenerator()
    self.server = ServerID.random(using: &random)
    self.redis = redis
    self.configuration = configuration
    self.keys = QueueKeys(configuration.name)
    self.metrics = JobMetrics(metrics)
    self.logger = logger
  }

  /// Reads replies and watches deadlines until the service is shut down; then nobody waits any more.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.readReplies() }
        group.addTask { await self.watchDeadlines() }
        group.addTask { await self.measureDepth() }
      }
    }
    changes.stop()
    let waiters = state.withLock { state in
      state.isStopped = true
      return state.waiters.ids.compactMap { state.waiters.remove($0)?.waiter }
    }
    for waiter in waiters { waiter(.failure(Self.stopped)) }
  }

  private static let stopped = JobError(.unavailable, "the queue was stopped")
  static let cancelled = JobError(.cancelled, "the caller stopped waiting")

  /// Why jobs would be refused now, or `nil`.
  public var obstacle: String? { redis.isConnected ? nil : "no connection to Redis" }

  /// Hands in a job with one script and waits for its reply; see ``JobQueue``.
  public func submit(
    _ payload: ByteBuffer, priority: JobPriority, deadline: Deadline
  ) async throws(JobError) -> ByteBuffer {
    try await withCallback { answer in
      begin(payload, priority: priority, deadline: deadline, then: answer)
    }.get()
  }

  /// Hands in a job with one script; see ``JobQueue``.
  public func begin(
    _ payload: ByteBuffer, priority: JobPriority, deadline: Deadline,
    then answer: @escaping @Sendable (Result<ByteBuffer, JobError>) -> Void
  ) -> @Sendable () -> Void {
    guard payload.readableBytes <= configuration.maximumPayloadSize else {
      metrics.refused(.tooLarge)
      answer(
        .failure(
          JobError(
            .tooLarge,
            "the job has \(payload.readableBytes) bytes, but the queue takes no more than "
              + "\(configuration.maximumPayloadSize)")))
      return {}
    }
    guard !deadline.hasPassed else {
      answer(.failure(JobError(.expired, "the deadline passed before the job was handed in")))
      return {}
    }
    let id = nextID()
    let isStopped = state.withLock { state in
      if !state.isStopped { state.waiters.add(id, answer, deadline: deadline) }
      return state.isStopped
    }
    if isStopped {
      answer(.failure(Self.stopped))
      return {}
    }
    arrival.yield()
    enqueue(Unsent(id: id, payload: payload, priority: priority, deadline: deadline))
    return { self.cancel(id, by: deadline) }
  }

  /// A name for a job or a bundle that only this process and the workers get to know.
  func nextID() -> JobID {
    JobID(number: count.wrappingAdd(1, ordering: .relaxed).newValue, process: names)
  }

  /// All jobs that someone waits for.
  var waitingJobs: [JobID] { state.withLock { $0.waiters.ids } }

  /// Ends the waits whose time is up, after a last look at the stored results.
  private func watchDeadlines() async {
    var arrivals = arrivals.makeAsyncIterator()
    while !Task.isCancelled {
      if state.withLock({ $0.waiters.isEmpty }) { _ = await arrivals.next() }
      try? await Task.sleep(for: .milliseconds(20))
      let overdue = state.withLock { $0.waiters.overdue(now: .now) }
      guard !overdue.isEmpty else { continue }
      do throws(RedisError) {
        try await lookUp(overdue)
        for id in overdue {
          resolve(id, .failure(JobError(.expired, "no worker answered before the deadline")))
        }
      } catch {
        for id in overdue {
          resolve(id, .failure(JobError(.unavailable, "no answer, and Redis is gone: \(error)")))
        }
      }
    }
  }

  private func measureDepth() async {
    while !Task.isCancelled {
      if let depth = try? await redis.depth(keys) { metrics.record(depth) }
      await endOverdue()
      try? await Task.sleep(for: configuration.measureInterval)
    }
  }
}
