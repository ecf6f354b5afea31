public import NIOCore

/// The side of the queue that hands jobs in and waits for the answers.
public protocol JobQueue: Sendable {
  /// Hands in a job and waits for its answer.
  ///
  /// - Parameters:
  ///   - payload: what is to be done.
  ///   - priority: which jobs go first.
  ///   - deadline: after it the job is not computed any more, and the wait ends.
  /// - Returns: what the worker answered.
  /// - Throws: ``JobError``; `cancelled` as soon as the task is cancelled.
  func submit(
    _ payload: ByteBuffer, priority: JobPriority, deadline: Deadline
  ) async throws(JobError) -> ByteBuffer

  /// Hands in a job, whose answer calls back.
  ///
  /// - Parameter answer: called once, on any thread and perhaps before this returns.
  /// - Returns: to be called when nobody waits any more; the answer is `cancelled` then, unless it was
  ///   given before.
  func begin(
    _ payload: ByteBuffer, priority: JobPriority, deadline: Deadline,
    then answer: @escaping @Sendable (Result<ByteBuffer, JobError>) -> Void
  ) -> @Sendable () -> Void
}

extension JobQueue {
  /// Waits in a task.
  public func begin(
    _ payload: ByteBuffer, priority: JobPriority, deadline: Deadline,
    then answer: @escaping @Sendable (Result<ByteBuffer, JobError>) -> Void
  ) -> @Sendable () -> Void {
    let task = Task {
      do throws(JobError) {
        answer(.success(try await submit(payload, priority: priority, deadline: deadline)))
      } catch {
        answer(.failure(error))
      }
    }
    return { task.cancel() }
  }

  /// Hands in a job that someone waits for, and waits for its answer.
  public func submit(
    _ payload: ByteBuffer, deadline: Deadline
  ) async throws(JobError) -> ByteBuffer {
    try await submit(payload, priority: .interactive, deadline: deadline)
  }
}

/// The side of the queue that takes jobs and commits their outcomes.
///
/// What is taken is kept for this worker until it is completed, for as long as the source runs and
/// the deadline has not passed. What a worker leaves behind by dying goes to another one.
public protocol JobSource: Sendable {
  /// Waits for jobs and takes them; one call at a time.
  ///
  /// Expired and damaged jobs, and those that were taken too often, never come out of it. It goes on
  /// waiting while the queue cannot be reached.
  ///
  /// - Parameter limit: the largest number of jobs wanted.
  /// - Returns: at least one job; none only when the task is cancelled or shutting down gracefully.
  func take(upTo limit: Int) async -> [Job]

  /// Commits outcomes of jobs that were taken; tries again while the queue cannot be reached.
  ///
  /// A job that ends `dead` is set aside with its payload, for people to look at.
  ///
  /// - Returns: for each, whether this was the job's first outcome. Any later one is refused, and so
  ///   is one that could not be committed before the job's deadline.
  @discardableResult
  func complete(_ results: [(job: Job, outcome: JobOutcome)]) async -> [Bool]

  /// Commits outcomes as ``complete(_:)`` does, and takes the next jobs on the way where that spares a
  /// round trip.
  func take(
    upTo limit: Int, completing results: [(job: Job, outcome: JobOutcome)]
  ) async -> [Job]

  /// Where a worker of this source runs best: beside what brings the jobs; nil for anywhere.
  var executor: (any TaskExecutor)? { get }
}

extension JobSource {
  /// One after the other.
  public func take(
    upTo limit: Int, completing results: [(job: Job, outcome: JobOutcome)]
  ) async -> [Job] {
    await complete(results)
    return await take(upTo: limit)
  }

  /// Anywhere.
  public var executor: (any TaskExecutor)? { nil }
}
