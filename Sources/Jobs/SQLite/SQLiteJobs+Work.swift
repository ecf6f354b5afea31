import NIOCore

/// Giving pieces out and taking their outcomes.
extension SQLiteJobs {
  /// What came of a look for work.
  struct Taken {
    var jobs: [Job] = []
    /// Jobs whose state changed.
    var changed: [JobID] = []
    /// Jobs that were set aside, and why.
    var dead: [(JobID, String)] = []
    /// How long each piece had waited.
    var waits: [Int64] = []
  }

  private struct Waiting {
    let place: Int
    let id: JobID
    let number: Int
    let attempts: Int
    let body: ByteBuffer
  }

  /// Takes pieces, the most urgent first; jobs of the same priority take turns, because the first
  /// pieces of all come before the second ones.
  func take(upTo limit: Int) throws -> Taken {
    var taken = Taken()
    while taken.jobs.isEmpty {
      let found = try waiting(limit)
      if found.isEmpty { break }
      for piece in found { try take(piece, into: &taken) }
    }
    return taken
  }

  /// Those of the most urgent priority that has any.
  private func waiting(_ limit: Int) throws -> [Waiting] {
    for priority in JobPriority.allCases {
      let found = try database.rows(
        """
        SELECT place, job, number, attempts, (SELECT bytes FROM body WHERE body.place = piece.place)
        FROM piece
        WHERE taken = 0 AND priority = ? ORDER BY number, place LIMIT ?
        """,
        [
          .integer(priority.number), .integer(Int64(priority == .bulk ? min(limit, 2) : limit)),
        ]
      ) { row in
        JobID(row.text(1)).map { id in
          Waiting(
            place: row.integer(0), id: id, number: row.integer(2), attempts: row.integer(3),
            body: row.isNull(4)
              ? early.body(row.integer(2), of: id) ?? ByteBuffer() : row.bytes(4))
        }
      }.compactMap { $0 }
      if !found.isEmpty { return found }
    }
    return []
  }

  private func take(_ piece: Waiting, into taken: inout Taken) throws {
    let record = try record(piece.id)
    guard let state = record.state.after(.taken) else {
      // It ended a moment ago, in this very batch.
      try database.run("UPDATE piece SET taken = 2 WHERE place = ?", [.place(piece.place)])
      return
    }
    taken.changed.append(piece.id)
    if record.deadline <= now { return try end(piece.id, .expired) }
    if piece.attempts >= configuration.maximumAttempts {
      let reason = "the job was given to workers \(piece.attempts) times and none finished it"
      taken.dead.append((piece.id, reason))
      return try end(piece.id, .dead(reason))
    }
    try database.run(
      "UPDATE piece SET taken = 1, attempts = attempts + 1 WHERE place = ?", [.place(piece.place)])
    try database.run(
      """
      UPDATE job SET state = ?1, started = coalesce(started, ?2), version = version + 1,
        attempts = max(attempts, ?3)
      WHERE id = ?4
      """,
      [
        .text(state.rawValue), .time(now), .integer(Int64(piece.attempts + 1)),
        .text("\(piece.id)"),
      ])
    taken.waits.append(now.unixMilliseconds - record.created.unixMilliseconds)
    taken.jobs.append(
      Job(
        id: piece.id, payload: piece.body, deadline: record.deadline, attempt: piece.attempts + 1,
        piece: piece.number,
        place: JobPlace(priority: record.priority, entry: String(piece.place)), replyTo: ""))
  }

  /// Puts pieces back that a worker took and will not finish.
  func release(_ jobs: [Job]) throws {
    for job in jobs {
      try database.run(
        "UPDATE piece SET taken = 0 WHERE place = ? AND taken = 1", [.place(job.place)])
    }
  }

  /// Commits the outcome of a piece, once, and with the last piece that of the job.
  ///
  /// - Returns: whether it was the first outcome.
  func settle(_ job: Job, _ outcome: JobOutcome) throws -> Bool {
    let record: JobRecord
    do {
      record = try self.record(job.id)
    } catch let error as JobError where error.code == .unknown {
      return false
    }
    guard !record.state.isFinal else { return false }
    guard case .done(let answer) = outcome else {
      try end(job.id, outcome)
      return true
    }
    let isFirst = try database.run(
      "UPDATE piece SET taken = 2, answer = ? WHERE place = ? AND answer IS NULL",
      [.blob(answer), .place(job.place)])
    guard isFirst == 1 else { return false }
    try database.run("DELETE FROM body WHERE place = ?", [.place(job.place)])
    try database.run(
      """
      UPDATE job SET done = done + 1, version = version + 1,
        done_rows = done_rows + (SELECT rows FROM piece WHERE place = ?)
      WHERE id = ?
      """, [.place(job.place), .text("\(job.id)")])
    try finishIfComplete(job.id)
    return true
  }
}

extension SQLiteValue {
  fileprivate static func place(_ place: Int) -> SQLiteValue { .integer(Int64(place)) }

  fileprivate static func place(_ place: JobPlace) -> SQLiteValue {
    .integer(Int64(place.entry) ?? -1)
  }
}
