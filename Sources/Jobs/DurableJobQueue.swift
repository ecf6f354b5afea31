public import NIOCore

/// A queue of jobs that outlive the request and the process that handed them in.
///
/// A job is one or more pieces, which workers compute independently; the result is the answers to the
/// pieces, in order. Every job that was accepted ends in exactly one state (see ``JobState``); its
/// record stays for a day after that.
///
/// Every method throws ``JobError``: `unavailable` when the store cannot be reached, `unknown` when
/// there is no such job.
public protocol DurableJobQueue: JobQueue {
  /// Accepts a job of one piece; when this returns, it is as safe as the store is.
  ///
  /// - Throws: `full` (the queue, or the tenant's share of it), `tooLarge`, `mismatch` when the
  ///   idempotency key was used for another request.
  func accept(
    _ job: DurableJob, payload: ByteBuffer, rows: Int
  ) async throws(JobError) -> AcceptedJob

  /// Begins a job of many pieces, which are computed as they come in; its idempotency is looked at by
  /// ``seal(_:as:)``.
  func open(_ job: DurableJob) async throws(JobError) -> JobID

  /// Adds a piece to a job that was opened as `job`; `number` counts from 0.
  ///
  /// - Throws: `finished` when the job has ended (failed, cancelled, expired) in the meantime.
  func append(
    _ payload: ByteBuffer, rows: Int, number: Int, to id: JobID, as job: DurableJob
  ) async throws(JobError)

  /// Accepts a job all of whose pieces are in. If the same request had been accepted before, this
  /// job is cancelled and the earlier one is returned.
  func seal(_ id: JobID, as job: DurableJob) async throws(JobError) -> AcceptedJob

  /// What is known of a job; a job whose time is up is ended first.
  func record(of id: JobID) async throws(JobError) -> JobRecord

  /// The answer to a piece.
  ///
  /// - Returns: nil when it is not there: not yet, or not any more.
  func answer(to piece: Int, of id: JobID) async throws(JobError) -> ByteBuffer?

  /// Ends a job that waits or runs; what workers still compute of it is refused.
  ///
  /// - Returns: its record, cancelled. Throws `finished` if it had ended.
  func cancel(_ id: JobID) async throws(JobError) -> JobRecord

  /// Puts a dead job back, with a new deadline; pieces that are done stay so.
  ///
  /// - Throws: `finished` if the job is not dead.
  func retry(_ id: JobID, deadline: Deadline) async throws(JobError) -> JobRecord

  /// Jobs in a state, oldest first.
  ///
  /// - Parameter cursor: ``JobPage/next`` of the page before; nil for the first one.
  func list(
    _ state: JobState, after cursor: String?, limit: Int
  ) async throws(JobError) -> JobPage

  /// Forgets a job that has ended, its result included.
  func forget(_ id: JobID) async throws(JobError)

  /// Yields when the job may have changed, and now and then; ends when the queue is stopped.
  func changes(of id: JobID) -> AsyncStream<Void>

  /// Takes jobs whose end is to be told; whoever gets one owns it for the lease.
  func takeWebhooks(lease: Duration) async throws(JobError) -> [JobID]

  /// Notes that the end was told, or that it is to be tried again.
  func settleWebhook(_ id: JobID, retryAfter: Duration?) async throws(JobError)
}

/// The settings of durable jobs, whatever keeps them.
public struct DurableJobSettings: Sendable {
  /// How many unfinished jobs a tenant may have.
  public var maximumTenantJobs = 1_000
  /// How many pieces of one job may be out at the same time, so that large jobs take turns.
  public var window = 8
  /// How long a result is kept after the job's end.
  public var resultLifetime: Duration = .seconds(3600)
  /// How long the record of a job is kept after its end; no less than ``idempotencyLifetime``.
  public var recordLifetime: Duration = .seconds(24 * 3600)
  /// How long an idempotency key is known.
  public var idempotencyLifetime: Duration = .seconds(24 * 3600)

  /// The defaults.
  public init() {}
}
