import ServiceLifecycle
import CoreMetrics
import Synchronization
import Logging
import Redis

/// Jobs that were given out and never finished.
extension RedisJobSource {
  /// One job that was left behind, if it is time to look and there is one.
  ///
  /// Jobs are left by workers that died, and by this one when its connection broke between Redis
  /// giving the jobs out and their arrival.
  func takeOver(_ connection: RedisConnection) async throws(RedisError) -> JobEntry? {
    if state.withLock({ $0.mayHaveLost && $0.held.isEmpty }) {
      if let left = try await claim(connection, idle: .zero, from: consumer) { return left }
      state.withLock { $0.mayHaveLost = false }
    }
    guard state.withLock({ $0.nextTakeOver <= .now }) else { return nil }
    if let left = try await claim(connection, idle: configuration.visibility, from: nil) {
      return left
    }
    let pause = configuration.visibility * Double.random(in: 0.4...0.6)
    state.withLock { $0.nextTakeOver = .now + pause }
    return nil
  }

  private func claim(
    _ connection: RedisConnection, idle: Duration, from owner: String?
  ) async throws(RedisError) -> JobEntry? {
    for priority in JobPriority.allCases {
      while true {
        let reply = try await connection.send(
          .evaluate(
            QueueScripts.takeOver, keys: [keys.jobs(priority)],
            arguments: [QueueKeys.group, .text(consumer), .integer(idle.milliseconds)]
              + (owner.map { [.text($0)] } ?? [])))
        guard let parts = reply.elements, parts.count >= 2, let entry = parts[0].text,
          let attempt = parts[1].integer
        else { break }
        if parts.count > 2 {
          logger.notice(
            "took over a job", metadata: ["entry": "\(entry)", "attempt": "\(attempt)"])
          let left = JobEntry(
            place: JobPlace(priority: priority, entry: entry), fields: parts[2], attempt: attempt)
          if let split = split(left) {
            metrics.takenOver.increment()
            _ = try await connection.send(split)
            continue
          }
          return left
        }
        logger.error("a job was deleted while it was under way", metadata: ["entry": "\(entry)"])
      }
    }
    return nil
  }

  /// Puts the jobs of a bundle back, each alone; nil for what is no bundle, or a damaged one.
  private func split(_ entry: JobEntry) -> RedisCommand? {
    guard entry.isBundle, let id = entry.id, let replyTo = entry.replyTo,
      let bundle = try? entry.bundle()
    else { return nil }
    return split(bundle, id: id, at: entry.place, replyTo: replyTo, attempt: entry.attempt)
  }

  func split(
    _ bundle: JobBundle, id: JobID, at place: JobPlace, replyTo: String, attempt: Int
  ) -> RedisCommand {
    let last = bundle.parts.map(\.deadline).max() ?? 0
    return .evaluate(
      QueueScripts.split, keys: [keys.jobs(place.priority), keys.result(id)],
      arguments: [
        QueueKeys.group, .text(place.entry),
        end(
          by: Deadline(
            unixMilliseconds: last.subtractingReportingOverflow(redis.clockOffset).partialValue)),
        .text(replyTo), .integer(attempt - 1),
      ]
        + bundle.parts.flatMap { part -> [RedisCommand.Argument] in
          [.text("\(part.id)"), .bytes(part.payload), .integer(Int(part.deadline))]
        })
  }
}

/// How a worker looks for jobs.
extension RedisJobSource {
  /// What waits in the first stream that has anything.
  func takeWaiting(
    _ connection: RedisConnection, upTo limit: Int
  ) async throws(RedisError) -> [JobEntry] {
    let look = nextLook(upTo: limit)
    return look.entries(try await connection.send(look.command))
  }

  /// How to look for what waits; now and then the last stream comes first, so that it is never forgotten
  /// for good.
  func nextLook(upTo limit: Int) -> Look {
    let number = state.withLock { state in
      state.looks += 1
      return state.looks
    }
    let order = number % 16 == 0 ? JobPriority.allCases.reversed() : JobPriority.allCases
    return Look(
      order: order,
      command: .evaluate(
        QueueScripts.take, keys: order.map(keys.jobs),
        arguments: [QueueKeys.group, .text(consumer), keys.results, keys.hangUps]
          + order.map { .integer(max(1, $0 == .bulk ? min(limit, 2) : limit)) }))
  }

  /// A look at the streams, in an order.
  struct Look {
    let order: [JobPriority]
    let command: RedisCommand

    func entries(_ reply: RESPValue) -> [JobEntry] {
      guard let parts = reply.elements, parts.count == 2, let number = parts[0].integer,
        order.indices.contains(number - 1)
      else { return [] }
      return JobEntry.list(parts[1], priority: order[number - 1])
    }
  }

  /// Waits for the next jobs of any priority, for a while.
  func read(
    _ connection: RedisConnection, upTo limit: Int
  ) async throws(RedisError) -> [JobEntry] {
    let block = configuration.blockTime
    let streams = keys.streams
    let command = RedisCommand(
      [
        "XREADGROUP", "GROUP", QueueKeys.group, .text(consumer), "COUNT",
        .integer(max(1, min(limit, 2))), "BLOCK",
        .integer(block.milliseconds), "STREAMS",
      ] + streams + streams.map { _ in ">" })
    state.withLock { $0.isReading = true }
    let result = await withTaskCancellationOrGracefulShutdownHandler {
      // What stopped before the read cannot wake it.
      isStopping ? .success(.null) : await connection.result(of: command, blocking: block)
    } onCancelOrGracefulShutdown: {
      self.endRead(connection.id)
    }
    state.withLock { $0.isReading = false }
    guard let found = try result.get().elements else { return [] }
    return stride(from: 0, to: found.count - 1, by: 2).flatMap { index -> [JobEntry] in
      guard let priority = found[index].text.flatMap(keys.priority(ofStream:)) else { return [] }
      return JobEntry.list(found[index + 1], priority: priority)
    }
  }

  /// Ends a blocked read early and loses nothing: what Redis has given out by then is still read.
  private func endRead(_ connection: Int) {
    redis.perform([["CLIENT", "UNBLOCK", .integer(connection)]]) { [self] result in
      // 0 is the answer while the read is still on its way to Redis.
      if case .success(let replies) = result, replies[0].integer == 0,
        state.withLock({ $0.isReading })
      {
        endRead(connection)
      }
    }
  }
}

extension RedisConnection {
  fileprivate func result(
    of command: RedisCommand, blocking: Duration
  ) async -> Result<RESPValue, RedisError> {
    do throws(RedisError) {
      return .success(try await send(command, blocking: blocking))
    } catch {
      return .failure(error)
    }
  }
}

/// How jobs are set aside.
extension RedisJobSource {
  /// Ends what was given out too often and sets aside what is damaged, and tells the waiters.
  func bury(_ intake: Intake) async {
    if !intake.exhausted.isEmpty {
      await complete(
        intake.exhausted.map { job in
          let count = job.attempt - 1
          return (job, .dead("the job was given to workers \(count) times and none finished it"))
        })
    }
    for (entry, damage) in intake.damaged {
      let reason = "the job is damaged: \(damage)"
      do throws(RedisError) {
        _ = try await redis.send(bury(entry, reason))
        countDead(entry.place.entry, reason)
      } catch {
        // It stays with this worker until it is taken over, and is set aside then.
        logger.error(
          "cannot set a job aside",
          metadata: ["entry": "\(entry.place.entry)", "reason": "\(error)"])
      }
    }
  }

  private func bury(_ entry: JobEntry, _ reason: String) -> RedisCommand {
    // After too many attempts the entry goes alone: the job's own keys may be what is damaged.
    if let id = entry.id, let piece = entry.piece, entry.attempt <= configuration.maximumAttempts {
      return settle(id, piece, at: entry.place, .dead(reason))
    }
    return bury(
      entry.place, id: entry.piece == nil ? entry.id : nil, replyTo: entry.replyTo,
      // The time in it may be what is damaged.
      deadline: .now, attempts: entry.attempt, reason)
  }

  func bury(
    _ place: JobPlace, id: JobID?, replyTo: String?, deadline: Deadline, attempts: Int,
    _ reason: String
  ) -> RedisCommand {
    var keys: [RedisCommand.Argument] = [self.keys.jobs(place.priority), self.keys.dead]
    var arguments: [RedisCommand.Argument] = [
      QueueKeys.group, .text(place.entry), .text(reason), .integer(attempts),
      .integer(configuration.maximumDead), .integer(configuration.deadLifetime.milliseconds),
    ]
    if let id, let replyTo {
      keys += [self.keys.result(id), self.keys.replies(replyTo)]
      arguments +=
        [
          .text("\(id)"), .bytes(JobOutcome.dead(reason).stored), end(by: deadline),
        ] + replyLimits
    }
    return .evaluate(QueueScripts.bury, keys: keys, arguments: arguments)
  }

  func countDead(_ entry: String, _ reason: String) {
    metrics.dead.increment()
    logger.error("job set aside", metadata: ["entry": "\(entry)", "reason": "\(reason)"])
  }
}
