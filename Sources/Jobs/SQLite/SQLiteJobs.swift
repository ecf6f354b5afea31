import NIOCore

/// The life of jobs within one transaction; the rules are those of ``JobState``.
struct SQLiteJobs {
  let database: SQLiteDatabase
  let configuration: SQLiteJobQueue.Configuration
  let early: EarlyBodies
  let now = Deadline.now

  init(_ database: SQLiteDatabase, _ queue: SQLiteJobQueue) {
    self.database = database
    configuration = queue.configuration
    early = queue.early
  }

  var settings: DurableJobSettings { configuration.durable }

  /// Adds a job, unless the same request is known already.
  func insert(_ job: DurableJob, _ id: JobID, isSealed: Bool) throws -> AcceptedJob {
    if let known = try known(job) { return known }
    let waiting = try count("SELECT count(*) FROM piece WHERE taken = 0")
    guard waiting < configuration.maximumDepth else {
      throw JobError.full(oldest: try depth().oldest)
    }
    let share = try count(
      "SELECT count(*) FROM job WHERE tenant = ? AND finished IS NULL", [.text(job.tenant)])
    guard share < settings.maximumTenantJobs else {
      throw JobError.share(settings, oldest: try depth().oldest)
    }
    try database.run(
      """
      INSERT INTO job (id, state, priority, tenant, context, webhook, created, deadline, sealed)
      VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text("\(id)"), .integer(job.priority.number), .text(job.tenant), .text(job.context),
        .text(job.webhook), .time(now), .time(job.deadline), .integer(isSealed ? 1 : 0),
      ])
    try remember(job, id)
    return AcceptedJob(id: id, isNew: true)
  }

  /// The job that was accepted for the same request.
  private func known(_ job: DurableJob) throws -> AcceptedJob? {
    guard let idempotency = job.idempotency else { return nil }
    let found = try database.rows(
      "SELECT hash, job FROM idempotency WHERE tenant = ? AND key = ? AND expires > ?",
      [.text(job.tenant), .text(idempotency.key), .time(now)]
    ) { ($0.text(0), $0.text(1)) }.first
    guard let found, let id = JobID(found.1) else { return nil }
    guard found.0 == idempotency.hash else { throw JobError.mismatch }
    return AcceptedJob(id: id, isNew: false)
  }

  private func remember(_ job: DurableJob, _ id: JobID) throws {
    guard let idempotency = job.idempotency else { return }
    try database.run(
      "INSERT OR REPLACE INTO idempotency (tenant, key, hash, job, expires) VALUES (?, ?, ?, ?, ?)",
      [
        .text(job.tenant), .text(idempotency.key), .text(idempotency.hash), .text("\(id)"),
        .time(now + settings.idempotencyLifetime),
      ])
  }

  /// Adds a piece, whose body is among the early ones unless it is given.
  func append(rows: Int, number: Int, body: ByteBuffer?, to id: JobID) throws {
    let record = try record(id)
    guard !record.state.isFinal else { throw JobError.ended(record.state.rawValue) }
    guard record.pieces == number else { return }
    try database.run(
      "INSERT INTO piece (job, number, priority, rows) VALUES (?, ?, ?, ?)",
      [
        .text("\(id)"), .integer(Int64(number)), .integer(record.priority.number),
        .integer(Int64(rows)),
      ])
    if let body {
      try database.run(
        "INSERT INTO body (place, bytes) VALUES (last_insert_rowid(), ?)", [.blob(body)])
    }
    try database.run(
      "UPDATE job SET pieces = pieces + 1, rows = rows + ? WHERE id = ?",
      [.integer(Int64(rows)), .text("\(id)")])
  }

  func seal(_ id: JobID, as job: DurableJob) throws -> AcceptedJob {
    let record = try record(id)
    if let known = try known(job) {
      if known.id != id, !record.state.isFinal { try end(id, .cancelled) }
      return known
    }
    try remember(job, id)
    if !record.state.isFinal { try writeEarlyBodies(of: id) }
    try database.run("UPDATE job SET sealed = 1 WHERE id = ?", [.text("\(id)")])
    try finishIfComplete(id)
    return AcceptedJob(id: id, isNew: true)
  }

  /// Writes what is not computed yet, before it is promised.
  private func writeEarlyBodies(of id: JobID) throws {
    let missing = try database.rows(
      """
      SELECT place, number FROM piece
      WHERE job = ? AND answer IS NULL AND NOT EXISTS (SELECT 1 FROM body WHERE body.place = piece.place)
      """, [.text("\(id)")]
    ) { ($0.integer(0), $0.integer(1)) }
    for (place, number) in missing {
      guard let body = early.body(number, of: id) else {
        throw JobError(.unavailable, "piece \(number) of the job is not there any more")
      }
      try database.run(
        "INSERT INTO body (place, bytes) VALUES (?, ?)", [.integer(Int64(place)), .blob(body)])
    }
  }

  /// Ends a job once all of its pieces are done.
  func finishIfComplete(_ id: JobID) throws {
    let record = try record(id)
    if !record.state.isFinal, record.isSealed, record.pieces == record.donePieces {
      try end(id, state: .done)
    }
  }

  func end(_ id: JobID, _ outcome: JobOutcome) throws {
    try end(id, state: outcome.state, message: outcome.message)
  }

  private func end(_ id: JobID, state: JobState, message: String = "") throws {
    let record = try record(id)
    guard let next = record.state.after(.ended(state)) else {
      throw JobError.ended(record.state.rawValue)
    }
    try database.run(
      """
      UPDATE job SET state = ?1, message = ?2, finished = ?3, version = version + 1,
        webhook_due = CASE webhook WHEN '' THEN NULL ELSE ?3 END
      WHERE id = ?4
      """, [.text(next.rawValue), .text(message), .time(now), .text("\(id)")])
    switch next {
    // What is done is kept as a result, and what is dead for another try; nothing of it is given out.
    case .done, .dead:
      try database.run("UPDATE piece SET taken = 2 WHERE job = ? AND taken <> 2", [.text("\(id)")])
    default: try database.run("DELETE FROM piece WHERE job = ?", [.text("\(id)")])
    }
  }

  func retry(_ id: JobID, deadline: Deadline) throws {
    let record = try record(id)
    guard let next = record.state.after(.retried) else {
      throw JobError.ended(record.state.rawValue)
    }
    try database.run(
      """
      UPDATE job SET state = ?, message = '', finished = NULL, attempts = 0, deadline = ?,
        webhook_due = NULL, version = version + 1
      WHERE id = ?
      """, [.text(next.rawValue), .time(deadline), .text("\(id)")])
    try database.run(
      "UPDATE piece SET taken = 0, attempts = 0 WHERE job = ? AND answer IS NULL", [.text("\(id)")])
  }

  func forget(_ id: JobID) throws {
    let record = try record(id)
    guard record.state.isFinal else { throw JobError.ended(record.state.rawValue) }
    try database.run("DELETE FROM job WHERE id = ?", [.text("\(id)")])
  }

  func count(_ sql: String, _ values: [SQLiteValue] = []) throws -> Int {
    try database.rows(sql, values) { $0.integer(0) }.first ?? 0
  }
}

extension SQLiteValue {
  static func time(_ time: Deadline) -> SQLiteValue { .integer(time.unixMilliseconds) }
}

extension JobPriority {
  /// Its place in the order, the most urgent first.
  var number: Int64 {
    switch self {
    case .interactive: 0
    case .normal: 1
    case .bulk: 2
    }
  }
}

extension Deadline {
  static func + (time: Deadline, duration: Duration) -> Deadline {
    Deadline(unixMilliseconds: time.unixMilliseconds + Int64(duration.milliseconds))
  }

  static func - (time: Deadline, duration: Duration) -> Deadline {
    Deadline(unixMilliseconds: time.unixMilliseconds - Int64(duration.milliseconds))
  }
}
