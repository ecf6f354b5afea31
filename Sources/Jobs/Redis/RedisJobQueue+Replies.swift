import Logging
import NIOCore
import Redis
import Synchronization

/// How the answers come in.
extension RedisJobQueue {
  /// Reads this process's replies with a connection of its own, for as long as the task runs.
  ///
  /// The stream keeps what came while the connection was lost, and is read on from where it was; what
  /// it could not keep is found among the stored results.
  func readReplies() async {
    var last = ReadPositions()
    var attempt = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      let start = ContinuousClock.now
      let error = await readReplies(after: &last)
      if Task.isCancelled { return }
      attempt = start.duration(to: .now) > .seconds(5) ? 0 : attempt + 1
      let delay = redis.configuration.backoff.delay(attempt: attempt, using: &random)
      logger.warning(
        "cannot read replies; trying again",
        metadata: ["reason": "\(error)", "delay": "\(delay)"])
      try? await Task.sleep(for: delay)
    }
  }

  /// Reads with one connection until it breaks, and says why it did.
  private func readReplies(after last: inout ReadPositions) async -> RedisError {
    do throws(RedisError) {
      let connection = try await redis.connect(name: "coppice-replies")
      return await withTaskCancellationHandler {
        do throws(RedisError) {
          try await lookUp(waitingJobs)
          // Changes that happened before are seen by looking at the records themselves.
          let newest = try await connection.send(
            ["XREVRANGE", keys.changes, "+", "-", "COUNT", 1])
          last.changes = newest.elements?.first?.elements?.first?.text ?? "0-0"
          changes.signalAll()
        } catch {
          connection.close()
          return error
        }
        // Where the replies come in, so that no other thread has to be woken for them.
        return await withTaskExecutorPreference(LoopExecutor(connection.eventLoop)) {
          await readOn(connection, after: &last)
        }
      } onCancel: {
        connection.close()
      }
    } catch {
      return error
    }
  }

  private func readOn(
    _ connection: RedisConnection, after last: inout ReadPositions
  ) async -> RedisError {
    do throws(RedisError) {
      while true { try await read(connection, after: &last) }
    } catch {
      connection.close()
      return error
    }
  }

  /// Removes what was read, now and then, waits for more and tells the waiters.
  private func read(
    _ connection: RedisConnection, after last: inout ReadPositions
  ) async throws(RedisError) {
    let key = keys.replies(server)
    var commands: [RedisCommand] = [
      [
        "XREAD", "COUNT", 256, "BLOCK", .integer(configuration.blockTime.milliseconds),
        "STREAMS", key, keys.changes, .text(last.replies), .text(last.changes),
      ]
    ]
    if last.trims { commands.insert(["XTRIM", key, "MINID", .text(last.replies)], at: 0) }
    let replies = try await connection.send(commands, blocking: configuration.blockTime)
    if last.trims { last.untrimmed = 0 }
    guard case .map(let streams) = try replies[replies.count - 1].get() else {
      last.isIdle = true
      return
    }
    last.isIdle = false
    for index in stride(from: 0, to: streams.count - 1, by: 2) {
      let isChange = streams[index].text.map { keys.isChanges($0) } ?? false
      for message in streams[index + 1].elements ?? [] {
        guard let parts = message.elements, parts.count == 2, let entry = parts[0].text else {
          continue
        }
        if isChange {
          last.changes = entry
          if let id = parts[1]["i"]?.text.flatMap({ JobID($0) }) { changes.signal(id) }
        } else {
          last.replies = entry
          last.untrimmed += 1
          receive(parts[1], entry)
        }
      }
    }
  }

  /// Reads the outcomes that a worker committed together: `i` and `r` of each in turn.
  private func receive(_ reply: RESPValue, _ entry: String) {
    let fields = reply.elements ?? []
    var isDamaged = fields.isEmpty || fields.count % 4 != 0
    for index in stride(from: 0, to: fields.count - 3, by: 4) {
      guard let id = fields[index + 1].text.flatMap({ JobID($0) }),
        let outcome = fields[index + 3].bytes.flatMap({ EntryOutcome(stored: $0) })
      else {
        isDamaged = true
        continue
      }
      resolve(entry: id, outcome)
    }
    if isDamaged { logger.error("damaged reply", metadata: ["entry": "\(entry)"]) }
  }

  /// Answers those of the jobs whose outcomes are stored.
  func lookUp(_ jobs: [JobID]) async throws(RedisError) {
    let names = state.withLock { $0.waiters.names(of: jobs) }
    for start in stride(from: 0, to: names.count, by: 64) {
      let some = names[start..<min(start + 64, names.count)]
      let reply = try await redis.send(RedisCommand(["MGET"] + some.map { keys.result($0) }))
      for (id, value) in zip(some, reply.elements ?? []) {
        if let outcome = value.bytes.flatMap({ EntryOutcome(stored: $0) }) {
          resolve(entry: id, outcome)
        }
      }
    }
  }
}

/// How far each stream was read.
private struct ReadPositions {
  var replies = "0-0"
  var changes = "0-0"
  /// How many replies were read since the stream was trimmed.
  var untrimmed = 0
  /// Whether nothing came for a while.
  var isIdle = false

  /// Whether it is time to remove what was read.
  var trims: Bool { untrimmed >= 32 || isIdle && untrimmed > 0 }
}
