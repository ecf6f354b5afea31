public import NIOCore
import Logging
import Redis

/// Durable jobs: looking at them.
extension RedisJobQueue {
  /// What is known of a job; one whose time is up is ended first.
  public func record(of id: JobID) async throws(JobError) -> JobRecord {
    let found = try await load([id])[0]
    guard let record = found else { throw JobError.noSuchJob }
    guard !record.state.isFinal, record.deadline.hasPassed else { return record }
    do throws(JobError) {
      try await end(id, .expired)
    } catch  where error.code == .finished {
      // A worker was faster.
    }
    guard let ended = try await load([id])[0] else { throw JobError.noSuchJob }
    return ended
  }

  private func load(_ ids: [JobID]) async throws(JobError) -> [JobRecord?] {
    guard !ids.isEmpty else { return [] }
    do throws(RedisError) {
      let replies = try await redis.send(ids.map { ["HGETALL", keys.job($0)] })
      var records: [JobRecord?] = []
      for (id, reply) in zip(ids, replies) {
        let value = try reply.get()
        let record = JobRecord(id, value, clockOffset: redis.clockOffset)
        if record == nil, value.elements?.isEmpty == false {
          logger.error("damaged job record", metadata: ["job": "\(id)"])
        }
        records.append(record)
      }
      return records
    } catch {
      throw JobError(.unavailable, "the queue does not answer now: \(error)")
    }
  }

  /// The answer to a piece; nil when it is not there.
  public func answer(to piece: Int, of id: JobID) async throws(JobError) -> ByteBuffer? {
    try await send(["HGET", keys.answers(id), .integer(piece)]).bytes
  }

  /// Members of the index are `state/created/id`, so that a range by name is a page. Those whose
  /// record is gone are dropped on the way.
  public func list(
    _ state: JobState, after cursor: String?, limit: Int
  ) async throws(JobError) -> JobPage {
    let prefix = state.rawValue + "/"
    var from = "[" + prefix
    if let cursor {
      guard Self.isCursor(cursor) else { throw JobError(.unknown, "there is no such page") }
      from = "(" + prefix + cursor
    }
    let reply = try await send([
      "ZRANGEBYLEX", keys.index, .text(from), .text("(" + state.rawValue + "0"), "LIMIT", 0,
      .integer(limit + 1),
    ])
    let members = (reply.elements ?? []).compactMap(\.text)
    let ids = members.prefix(limit).map {
      ($0, $0.split(separator: "/").last.flatMap { JobID(String($0)) })
    }
    let records = try await load(ids.compactMap(\.1))
    let known = Set(records.compactMap { $0?.id })
    let gone = ids.filter { member in member.1.map { !known.contains($0) } ?? true }.map(\.0)
    if !gone.isEmpty {
      _ = try await send(RedisCommand(["ZREM", keys.index] + gone.map { .text($0) }))
    }
    return JobPage(
      jobs: records.compactMap { $0 }.filter { $0.state == state },
      next: members.count > limit ? String(ids[limit - 1].0.dropFirst(prefix.count)) : nil)
  }

  /// Ends the oldest jobs whose time is up: there may be no worker that would.
  func endOverdue() async {
    for state in [JobState.queued, .running] {
      guard let page = try? await list(state, after: nil, limit: 500) else { return }
      for job in page.jobs where job.deadline.hasPassed { _ = try? await record(of: job.id) }
    }
  }

  /// How many durable jobs are in a state.
  public func count(_ state: JobState) async throws(JobError) -> Int {
    let name = state.rawValue
    return try await send(
      ["ZLEXCOUNT", keys.index, .text("[\(name)/"), .text("(\(name)0")]
    ).integer ?? 0
  }

  /// How many jobs and pieces wait and run.
  public func depth() async throws(JobError) -> QueueDepth {
    do throws(RedisError) {
      return try await redis.depth(keys)
    } catch {
      throw JobError(.unavailable, "the queue does not answer now: \(error)")
    }
  }

  private static func isCursor(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0].utf8.count == 16 && JobID(String(parts[1])) != nil
      && parts[0].utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }

  /// Takes jobs whose end is to be told; see ``DurableJobQueue``.
  public func takeWebhooks(lease: Duration) async throws(JobError) -> [JobID] {
    let reply = try await send(
      .evaluate(
        QueueScripts.takeWebhooks, keys: [keys.webhooks],
        arguments: [time(.now), .integer(lease.milliseconds), 16]))
    return (reply.elements ?? []).compactMap { $0.text.flatMap { JobID($0) } }
  }

  /// Notes that the end was told, or is to be told again.
  public func settleWebhook(_ id: JobID, retryAfter: Duration?) async throws(JobError) {
    guard let retryAfter else {
      _ = try await send(["ZREM", keys.webhooks, .text("\(id)")])
      return
    }
    _ = try await send(["ZADD", keys.webhooks, "XX", time(.after(retryAfter)), .text("\(id)")])
  }
}

extension JobRecord {
  /// Reads the hash that stands for a job; nil when it is none.
  fileprivate init?(_ id: JobID, _ fields: RESPValue, clockOffset: Int64) {
    func number(_ key: String) -> Int? { fields[key]?.integer }
    func time(_ key: String) -> Deadline? {
      number(key).flatMap {
        let (time, overflow) = Int64($0).subtractingReportingOverflow(clockOffset)
        return overflow ? nil : Deadline(unixMilliseconds: time)
      }
    }
    guard let state = fields["state"]?.text.flatMap(JobState.init),
      let priority = fields["priority"]?.text.flatMap(JobPriority.init),
      let created = time("created"), let deadline = time("deadline")
    else { return nil }
    self.init(
      id: id, state: state, priority: priority, tenant: fields["tenant"]?.text ?? "",
      context: fields["context"]?.text ?? "", webhook: fields["webhook"]?.text ?? "",
      created: created, started: time("started"), finished: time("finished"), deadline: deadline,
      attempts: number("attempts") ?? 0, message: fields["message"]?.text ?? "",
      isSealed: number("sealed") == 1, pieces: number("pieces") ?? 0,
      donePieces: number("done") ?? 0, rows: number("rows") ?? 0,
      doneRows: number("done_rows") ?? 0, version: number("version") ?? 0)
  }
}
