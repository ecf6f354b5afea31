import CoreMetrics
public import NIOCore

extension SQLiteJobQueue {
  /// Accepts a job of one piece in one step; see ``DurableJobQueue``.
  public func accept(
    _ job: DurableJob, payload: ByteBuffer, rows: Int
  ) async throws(JobError) -> AcceptedJob {
    try check(payload)
    let id = try newID(job)
    let accepted = try await change(id) { jobs in
      let accepted = try jobs.insert(job, id, isSealed: true)
      if accepted.isNew { try jobs.append(rows: rows, number: 0, body: payload, to: id) }
      return accepted
    }
    if accepted.isNew { handedIn() }
    return accepted
  }

  /// Begins a job of many pieces; see ``DurableJobQueue``.
  public func open(_ job: DurableJob) async throws(JobError) -> JobID {
    let id = try newID(job)
    var job = job
    job.idempotency = nil
    let unkeyed = job
    // What is not sealed yet is not promised; the seal takes it to disk.
    _ = try await change(id, flushes: false) { try $0.insert(unkeyed, id, isSealed: false) }
    return id
  }

  /// Adds a piece; see ``DurableJobQueue``.
  public func append(
    _ payload: ByteBuffer, rows: Int, number: Int, to id: JobID, as job: DurableJob
  ) async throws(JobError) {
    try check(payload)
    let isKept = early.keep(payload, number, of: id)
    do {
      try await change(id, flushes: false) {
        try $0.append(rows: rows, number: number, body: isKept ? nil : payload, to: id)
      }
    } catch {
      early.drop(number, of: id)
      throw error
    }
    arrivals.signal()
  }

  /// Accepts a job all of whose pieces are in; see ``DurableJobQueue``.
  public func seal(_ id: JobID, as job: DurableJob) async throws(JobError) -> AcceptedJob {
    await letWorkersFinish(id)
    let accepted = try await change(id) { try $0.seal(id, as: job) }
    early.drop(id)
    if accepted.isNew { metrics.enqueued.increment() }
    return accepted
  }

  /// Waits a moment for workers that are about to compute the last pieces: it takes less than to write
  /// them.
  private func letWorkersFinish(_ id: JobID) async {
    guard early.size(of: id) > configuration.maximumSizeAtOnce else { return }
    await withTaskGroup { group in
      group.addTask {
        for await _ in self.changes(of: id) where self.early.size(of: id) == 0 { return }
      }
      group.addTask { try? await Task.sleep(for: .milliseconds(50)) }
      await group.next()
      group.cancelAll()
    }
  }

  /// What is known of a job; one whose time is up is ended first.
  public func record(of id: JobID) async throws(JobError) -> JobRecord {
    let record = try await writer.perform { try SQLiteJobs($0, self).record(id) }
    guard !record.state.isFinal, record.deadline.hasPassed else { return record }
    return try await change(id) { jobs in
      if !(try jobs.record(id).state.isFinal) { try jobs.end(id, .expired) }
      return try jobs.record(id)
    }
  }

  /// The answer to a piece; nil when it is not there.
  public func answer(to piece: Int, of id: JobID) async throws(JobError) -> ByteBuffer? {
    try await writer.perform { try SQLiteJobs($0, self).answer(to: piece, of: id) }
  }

  /// Ends a job that waits or runs; see ``DurableJobQueue``.
  public func cancel(_ id: JobID) async throws(JobError) -> JobRecord {
    defer { early.drop(id) }
    return try await change(id) { jobs in
      try jobs.end(id, .cancelled)
      return try jobs.record(id)
    }
  }

  /// Puts a dead job back; see ``DurableJobQueue``.
  public func retry(_ id: JobID, deadline: Deadline) async throws(JobError) -> JobRecord {
    let record = try await change(id) { jobs in
      try jobs.retry(id, deadline: deadline)
      return try jobs.record(id)
    }
    arrivals.signal()
    return record
  }

  /// Forgets a job that has ended.
  public func forget(_ id: JobID) async throws(JobError) {
    try await change(id) { try $0.forget(id) }
  }

  /// Jobs in a state, page by page; see ``DurableJobQueue``.
  public func list(
    _ state: JobState, after cursor: String?, limit: Int
  ) async throws(JobError) -> JobPage {
    try await writer.perform { try SQLiteJobs($0, self).list(state, after: cursor, limit: limit) }
  }

  /// Yields when the job may have changed; ends when the queue is stopped.
  public func changes(of id: JobID) -> AsyncStream<Void> { changes.stream(of: id) }

  /// Takes jobs whose end is to be told; see ``DurableJobQueue``.
  public func takeWebhooks(lease: Duration) async throws(JobError) -> [JobID] {
    try await writer.perform { try SQLiteJobs($0, self).takeWebhooks(lease: lease) }
  }

  /// Notes that the end was told, or is to be told again.
  public func settleWebhook(_ id: JobID, retryAfter: Duration?) async throws(JobError) {
    try await writer.perform { try SQLiteJobs($0, self).settleWebhook(id, retryAfter: retryAfter) }
  }

  /// Changes a job in a transaction, and tells who watches it.
  private func change<Result: Sendable>(
    _ id: JobID, flushes: Bool = true,
    _ body: @escaping @Sendable (SQLiteJobs) throws -> Result
  ) async throws(JobError) -> Result {
    do throws(JobError) {
      let result = try await writer.perform(flushes: flushes) { try body(SQLiteJobs($0, self)) }
      changes.signal(id)
      return result
    } catch {
      metrics.refused(error.code)
      throw error
    }
  }

  private func handedIn() {
    metrics.enqueued.increment()
    arrivals.signal()
  }

  private func newID(_ job: DurableJob) throws(JobError) -> JobID {
    guard !job.deadline.hasPassed else {
      throw JobError(.expired, "the deadline passed before the job was handed in")
    }
    var random = SystemRandomNumberGenerator()
    return JobID(using: &random)
  }

  private func check(_ payload: ByteBuffer) throws(JobError) {
    guard payload.readableBytes <= configuration.maximumPayloadSize else {
      metrics.refused(.tooLarge)
      throw JobError(
        .tooLarge,
        "the job has \(payload.readableBytes) bytes, but the queue takes no more than "
          + "\(configuration.maximumPayloadSize)")
    }
  }
}
