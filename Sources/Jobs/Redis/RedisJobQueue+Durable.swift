import CoreMetrics
public import NIOCore
import Redis

/// Durable jobs: handing in and taking back.
extension RedisJobQueue: DurableJobQueue {
  /// Accepts a job of one piece in one step; see ``DurableJobQueue``.
  public func accept(
    _ job: DurableJob, payload: ByteBuffer, rows: Int
  ) async throws(JobError) -> AcceptedJob {
    try check(payload)
    return try await accept(job, piece: [.integer(rows), .bytes(payload)])
  }

  /// Begins a job of many pieces; see ``DurableJobQueue``.
  public func open(_ job: DurableJob) async throws(JobError) -> JobID {
    var job = job
    job.idempotency = nil
    return try await accept(job, piece: []).id
  }

  private func accept(
    _ job: DurableJob, piece: [RedisCommand.Argument]
  ) async throws(JobError) -> AcceptedJob {
    guard !job.deadline.hasPassed else {
      throw JobError(.expired, "the deadline passed before the job was handed in")
    }
    var random = SystemRandomNumberGenerator()
    let id = JobID(using: &random)
    let reply = try await evaluate(
      QueueScripts.accept, id, job.priority, keys: [idempotencyKey(job)],
      [
        QueueKeys.group, .integer(configuration.maximumDepth),
        .integer(settings.maximumTenantJobs), .text(job.idempotency?.hash ?? ""),
        .integer(settings.idempotencyLifetime.milliseconds), .text(job.priority.rawValue),
        .text(job.tenant), time(job.deadline), lifetime(job.deadline), .text(job.context),
        .text(job.webhook), .integer(settings.resultLifetime.milliseconds),
      ] + piece)
    let accepted = try accepted(reply, id)
    if accepted.isNew { metrics.enqueued.increment() }
    return accepted
  }

  /// Adds a piece; see ``DurableJobQueue``.
  public func append(
    _ payload: ByteBuffer, rows: Int, number: Int, to id: JobID, as job: DurableJob
  ) async throws(JobError) {
    try check(payload)
    // A look at the record ends the job.
    if job.deadline.hasPassed { throw JobError.ended(try await record(of: id).state.rawValue) }
    let (bodies, lifetime) = (keys.bodies(id), lifetime(job.deadline))
    // The body goes past the script, which would copy it into Lua and back. It never stands there without
    // a lifetime, and the script takes it away again when the job has ended.
    let reply = try await send([
      ["MULTI"], ["HSET", bodies, .integer(number), .bytes(payload)],
      ["PEXPIRE", bodies, lifetime],
      ["EXEC"],
      script(
        QueueScripts.append, id, job.priority,
        [.integer(number), .integer(rows), lifetime, .integer(settings.window)]),
    ])
    try succeeded(reply)
  }

  /// Accepts a job all of whose pieces are in; see ``DurableJobQueue``.
  public func seal(_ id: JobID, as job: DurableJob) async throws(JobError) -> AcceptedJob {
    let reply = try await evaluate(
      QueueScripts.seal, id, job.priority, keys: [idempotencyKey(job)],
      [
        .integer(settings.recordLifetime.milliseconds), .text(job.idempotency?.hash ?? ""),
        .integer(settings.idempotencyLifetime.milliseconds),
      ])
    return try accepted(reply, id)
  }

  /// Ends a job that waits or runs; see ``DurableJobQueue``.
  public func cancel(_ id: JobID) async throws(JobError) -> JobRecord {
    try await end(id, .cancelled)
    return try await record(of: id)
  }

  /// Ends a job from outside.
  func end(_ id: JobID, _ outcome: JobOutcome) async throws(JobError) {
    let reply = try await evaluate(
      QueueScripts.end, id, .normal,
      [
        .text(outcome.state.rawValue), .text(outcome.message),
        .integer(settings.recordLifetime.milliseconds),
      ])
    try succeeded(reply)
  }

  /// Puts a dead job back; see ``DurableJobQueue``.
  public func retry(_ id: JobID, deadline: Deadline) async throws(JobError) -> JobRecord {
    let record = try await record(of: id)
    let reply = try await evaluate(
      QueueScripts.retry, id, record.priority, [time(deadline), lifetime(deadline)])
    try succeeded(reply)
    return try await self.record(of: id)
  }

  /// Forgets a job that has ended.
  public func forget(_ id: JobID) async throws(JobError) {
    try succeeded(await evaluate(QueueScripts.forget, id, .normal, []))
  }

  /// Yields when the job may have changed; ends when the queue is stopped.
  public func changes(of id: JobID) -> AsyncStream<Void> { changes.stream(of: id) }
}

extension RedisJobQueue {
  var settings: DurableJobSettings { configuration.durable }

  func check(_ payload: ByteBuffer) throws(JobError) {
    guard payload.readableBytes <= configuration.maximumPayloadSize else {
      metrics.refused(.tooLarge)
      throw JobError(
        .tooLarge,
        "the job has \(payload.readableBytes) bytes, but the queue takes no more than "
          + "\(configuration.maximumPayloadSize)")
    }
  }

  /// A time as Redis's clock has it.
  func time(_ time: Deadline) -> RedisCommand.Argument {
    .integer(Int(time.unixMilliseconds + redis.clockOffset))
  }

  /// How long the keys of an unfinished job are kept.
  private func lifetime(_ deadline: Deadline) -> RedisCommand.Argument {
    // The deadline of a record that someone wrote into may be any number.
    let left = min(deadline.remaining, .seconds(366 * 24 * 3600))
    return .integer(left.milliseconds + settings.recordLifetime.milliseconds)
  }

  /// A script must be given some key, even when there is no idempotency key.
  private func idempotencyKey(_ job: DurableJob) -> RedisCommand.Argument {
    keys.idempotency(job.tenant, job.idempotency?.key ?? "")
  }

  func evaluate(
    _ script: RedisScript, _ id: JobID, _ priority: JobPriority,
    keys more: [RedisCommand.Argument] = [], _ arguments: [RedisCommand.Argument]
  ) async throws(JobError) -> RESPValue {
    try await send([self.script(script, id, priority, keys: more, arguments)])
  }

  private func script(
    _ script: RedisScript, _ id: JobID, _ priority: JobPriority,
    keys more: [RedisCommand.Argument] = [], _ arguments: [RedisCommand.Argument]
  ) -> RedisCommand {
    .evaluate(
      script, keys: keys.durable(id, priority) + more,
      arguments: [.text("\(id)"), time(.now)] + arguments)
  }

  func send(_ command: RedisCommand) async throws(JobError) -> RESPValue {
    try await send([command])
  }

  /// Sends commands in one go, and returns what the last one answers.
  private func send(_ commands: [RedisCommand]) async throws(JobError) -> RESPValue {
    do throws(RedisError) {
      return try await redis.send(commands)[commands.count - 1].get()
    } catch {
      throw JobError(.unavailable, "the queue does not answer now: \(error)")
    }
  }

  private func accepted(_ reply: RESPValue, _ id: JobID) throws(JobError) -> AcceptedJob {
    let words = reply.elements ?? []
    if words.first?.text == "known", words.count == 2,
      let known = words[1].text.flatMap({ JobID($0) })
    {
      return AcceptedJob(id: known, isNew: false)
    }
    try succeeded(reply)
    return AcceptedJob(id: id, isNew: true)
  }

  /// Throws what a script says against it.
  private func succeeded(_ reply: RESPValue) throws(JobError) {
    guard let words = reply.elements else { return }
    let oldest = Duration.milliseconds(words.count > 1 ? words[1].integer ?? 0 : 0)
    switch words.first?.text {
    case "full":
      metrics.refused(.full)
      throw JobError.full(oldest: oldest)
    case "share":
      metrics.refused(.full)
      throw JobError.share(settings, oldest: oldest)
    case "mismatch": throw JobError.mismatch
    case "ended": throw JobError.ended(words.count > 1 ? words[1].text ?? "" : "")
    default: throw JobError.noSuchJob
    }
  }
}

extension JobError {
  static let noSuchJob = JobError(.unknown, "there is no such job, or not any more")

  static let mismatch = JobError(
    .mismatch, "the idempotency key was used for another request; use a new one")

  static func ended(_ state: String) -> JobError { JobError(.finished, "the job is \(state)") }

  static func full(oldest: Duration) -> JobError {
    JobError(.full, "the queue is full; try again later", retryAfter: wait(oldest: oldest))
  }

  static func share(_ settings: DurableJobSettings, oldest: Duration) -> JobError {
    JobError(
      .full,
      "\(settings.maximumTenantJobs) jobs of this client are unfinished, which is its share; "
        + "try again later", retryAfter: wait(oldest: oldest))
  }

  /// How long all that is there will take.
  ///
  /// That is its number by the rate at which it gets done, and so, by Little's law, the time that a job
  /// spends in the queue: what the oldest one has spent says how long.
  private static func wait(oldest: Duration) -> Duration {
    max(.seconds(1), min(oldest, .seconds(3600)))
  }
}
