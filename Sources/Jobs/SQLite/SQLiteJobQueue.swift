public import CoreMetrics
public import Logging
public import NIOCore
public import ServiceLifecycle
import Synchronization

/// Durable jobs in a file, for one machine: what was accepted survives the end of the process.
///
/// The process that serves also works: ``SQLiteJobSource`` takes what is accepted here. A job that was
/// under way when the process died is given out again at the next start, with one attempt more.
///
/// ```swift
/// let queue = SQLiteJobQueue(path: "jobs.sqlite", metrics: factory, logger: logger)
/// let accepted = try await queue.accept(job, payload: bytes, rows: 1)
/// ```
public final class SQLiteJobQueue: DurableJobQueue, Service {
  /// What bounds the queue.
  public struct Configuration: Sendable {
    /// How many unfinished jobs there may be; more are refused.
    public var maximumDepth = 100_000
    /// The largest payload of a piece, in bytes.
    public var maximumPayloadSize = 16 << 20
    /// How many times a piece is given to a worker before its job is set aside.
    public var maximumAttempts = 3
    /// How many bytes of pieces are held in memory until their job is accepted, so that those that are
    /// computed by then are never written; more are written as they come.
    public var maximumEarlySize = 16 << 20
    /// How many of those bytes are written at once when their job is accepted; for more, workers get a
    /// moment to compute them.
    public var maximumSizeAtOnce = 1 << 20
    /// What holds for jobs that outlive their request.
    public var durable = DurableJobSettings()
    /// How often the queue is measured and what is too old is removed.
    public var tidyInterval: Duration = .seconds(5)

    /// The defaults.
    public init() {}
  }

  let configuration: Configuration
  let writer: SQLiteWriter
  let metrics: JobMetrics
  let logger: Logger
  let changes = JobChanges()
  /// Tells idle workers that there is something to do.
  let arrivals = Arrivals()
  /// What is not in the file, because nothing is promised of it yet.
  let early: EarlyBodies

  /// A queue in this file, which is made when the first job comes; `:memory:` for none.
  public init(
    path: String, configuration: Configuration = .init(), metrics: any MetricsFactory,
    logger: Logger
  ) {
    self.configuration = configuration
    self.metrics = JobMetrics(metrics)
    self.logger = logger
    early = EarlyBodies(limit: configuration.maximumEarlySize)
    writer = SQLiteWriter(path: path, schema: SQLiteSchema.text, recover: Self.recover)
  }

  /// Opens the file, so that jobs that were left in it are done.
  ///
  /// - Throws: ``JobError`` that says why it cannot be had.
  public func open() async throws(JobError) {
    try await writer.open()
    arrivals.signal()
  }

  /// Removes what is too old until the service is shut down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: self.configuration.tidyInterval)
        if Task.isCancelled { break }
        await self.tidy()
      }
    }
    changes.stop()
  }

  /// Puts back what was given out and is not completed, as the next start would.
  public func releaseAll() async throws(JobError) {
    try await writer.perform { try Self.release($0) }
    arrivals.signal()
  }

  /// Nobody else can have the file, so what was given out was left by a process that died. What was not
  /// accepted then was promised to nobody, and not all of it is there.
  private static func recover(_ database: SQLiteDatabase) throws {
    try database.run("DELETE FROM job WHERE sealed = 0 AND finished IS NULL")
    try release(database)
  }

  private static func release(_ database: SQLiteDatabase) throws {
    try database.run("UPDATE piece SET taken = 0 WHERE taken = 1")
  }

  /// Lets go of the file; jobs that come later open it again.
  public func close() async { await writer.close() }

  private func tidy() async {
    do throws(JobError) {
      metrics.record(try await depth())
      let changed = try await writer.perform { database in try SQLiteJobs(database, self).tidy() }
      for id in changed { changes.signal(id) }
    } catch {
      logger.warning("cannot tidy the jobs file", metadata: ["reason": "\(error)"])
    }
  }

  /// How many pieces wait and are computed.
  public func depth() async throws(JobError) -> QueueDepth {
    try await writer.perform { try SQLiteJobs($0, self).depth() }
  }

  /// Hands in a job and waits for its answer; see ``JobQueue``.
  public func submit(
    _ payload: ByteBuffer, priority: JobPriority, deadline: Deadline
  ) async throws(JobError) -> ByteBuffer {
    guard !deadline.hasPassed else {
      throw JobError(.expired, "the deadline passed before the job was handed in")
    }
    let job = DurableJob(priority: priority, deadline: deadline)
    let id = try await accept(job, payload: payload, rows: 0).id
    let record = await end(of: id, by: deadline)
    if Task.isCancelled {
      _ = try? await cancel(id)
      throw JobError(.cancelled, "the caller stopped waiting")
    }
    switch record?.state {
    case .done:
      guard let answer = try await answer(to: 0, of: id) else { throw JobError.noSuchJob }
      return answer
    case .failed, .dead: throw JobError(.failed, record?.message ?? "")
    case .cancelled: throw JobError(.cancelled, "the job was cancelled")
    default: throw JobError(.expired, "no worker answered before the deadline")
    }
  }
}
