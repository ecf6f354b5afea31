import NIOCore

/// Looking at jobs, and what becomes of old ones.
extension SQLiteJobs {
  private static let columns = """
    id, state, priority, tenant, context, webhook, created, started, finished, deadline, attempts,
    message, sealed, pieces, done, rows, done_rows, version
    """

  /// - Throws: `unknown` when there is no such job.
  func record(_ id: JobID) throws -> JobRecord {
    let found = try database.rows(
      "SELECT \(Self.columns) FROM job WHERE id = ?", [.text("\(id)")], JobRecord.init
    ).first
    guard let found, let record = found else { throw JobError.noSuchJob }
    return record
  }

  func answer(to piece: Int, of id: JobID) throws -> ByteBuffer? {
    let found = try database.rows(
      """
      SELECT answer FROM piece JOIN job ON job.id = piece.job
      WHERE job.id = ? AND number = ? AND answer IS NOT NULL AND (finished IS NULL OR finished > ?)
      """, [.text("\(id)"), .integer(Int64(piece)), .time(now - settings.resultLifetime)]
    ) { $0.bytes(0) }
    return found.first
  }

  /// A cursor is the time and the name of the last job of the page before.
  func list(_ state: JobState, after cursor: String?, limit: Int) throws -> JobPage {
    var values: [SQLiteValue] = [.text(state.rawValue), .integer(-1), .text("")]
    if let cursor {
      let parts = cursor.split(separator: "/")
      guard parts.count == 2, let time = Int64(parts[0]), let id = JobID(String(parts[1])) else {
        throw JobError(.unknown, "there is no such page")
      }
      values = [.text(state.rawValue), .integer(time), .text("\(id)")]
    }
    let jobs = try database.rows(
      """
      SELECT \(Self.columns) FROM job WHERE state = ? AND (created, id) > (?, ?)
      ORDER BY created, id LIMIT ?
      """, values + [.integer(Int64(limit + 1))], JobRecord.init
    ).compactMap { $0 }
    guard jobs.count > limit, let last = jobs.dropLast().last else {
      return JobPage(jobs: jobs, next: nil)
    }
    return JobPage(
      jobs: Array(jobs.prefix(limit)), next: "\(last.created.unixMilliseconds)/\(last.id)")
  }

  func depth() throws -> QueueDepth {
    let counts = try database.rows(
      """
      SELECT count(*) FILTER (WHERE taken = 0), count(*) FILTER (WHERE taken = 1),
        min(created) FILTER (WHERE taken < 2)
      FROM piece JOIN job ON job.id = piece.job WHERE finished IS NULL
      """
    ) { ($0.integer(0), $0.integer(1), $0.isNull(2) ? nil : $0.integer(2)) }.first
    guard let (waiting, running, oldest) = counts else { return QueueDepth() }
    let age = oldest.map { Int(now.unixMilliseconds) - $0 } ?? 0
    return QueueDepth(
      waiting: waiting, running: running, oldest: .milliseconds(max(0, age)))
  }

  /// Ends what is too late and removes what is too old.
  ///
  /// - Returns: the jobs that were ended.
  func tidy() throws -> [JobID] {
    let late = try database.rows(
      "SELECT id FROM job WHERE finished IS NULL AND deadline <= ? LIMIT 1000", [.time(now)]
    ) { JobID($0.text(0)) }.compactMap { $0 }
    for id in late { try end(id, .expired) }
    try database.run(
      """
      DELETE FROM piece WHERE job IN (
        SELECT id FROM job WHERE finished <= ? AND state = 'done' AND done > 0 LIMIT 1000)
      """, [.time(now - settings.resultLifetime)])
    try database.run(
      "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE finished <= ? LIMIT 1000)",
      [.time(now - settings.recordLifetime)])
    try database.run("DELETE FROM idempotency WHERE expires <= ?", [.time(now)])
    try database.run("PRAGMA incremental_vacuum(4000)")
    return late
  }

  func takeWebhooks(lease: Duration) throws -> [JobID] {
    let due = try database.rows(
      "SELECT id FROM job WHERE webhook_due <= ? ORDER BY webhook_due LIMIT 16", [.time(now)]
    ) { JobID($0.text(0)) }.compactMap { $0 }
    for id in due { try settleWebhook(id, retryAfter: lease) }
    return due
  }

  func settleWebhook(_ id: JobID, retryAfter: Duration?) throws {
    try database.run(
      "UPDATE job SET webhook_due = ? WHERE id = ?",
      [retryAfter.map { .time(now + $0) } ?? .null, .text("\(id)")])
  }
}

extension JobRecord {
  fileprivate init?(_ row: SQLiteRow) {
    guard let id = JobID(row.text(0)), let state = JobState(rawValue: row.text(1)),
      let priority = JobPriority.allCases.first(where: { $0.number == Int64(row.integer(2)) })
    else { return nil }
    func time(_ column: Int32) -> Deadline {
      Deadline(unixMilliseconds: Int64(row.integer(column)))
    }
    self.init(
      id: id, state: state, priority: priority, tenant: row.text(3), context: row.text(4),
      webhook: row.text(5), created: time(6), started: row.isNull(7) ? nil : time(7),
      finished: row.isNull(8) ? nil : time(8), deadline: time(9), attempts: row.integer(10),
      message: row.text(11), isSealed: row.integer(12) == 1, pieces: row.integer(13),
      donePieces: row.integer(14), rows: row.integer(15), doneRows: row.integer(16),
      version: row.integer(17))
  }
}
