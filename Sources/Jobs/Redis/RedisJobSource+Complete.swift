import Synchronization
import NIOCore
import Logging
import CoreMetrics
import Redis
import ServiceLifecycle

/// How jobs end.
extension RedisJobSource {
  /// After how many finished jobs the stream is trimmed.
  private static let trimInterval = 64

  /// Commits outcomes and wakes the waiters, all in one round trip.
  ///
  /// - Returns: for each, whether it was the job's first outcome.
  @discardableResult
  public func complete(_ results: [(job: Job, outcome: JobOutcome)]) async -> [Bool] {
    var isFirst = [Bool](repeating: false, count: results.count)
    var open = Array(results.indices)
    var attempt = 0
    var random = SystemRandomNumberGenerator()
    while !open.isEmpty {
      let problem = await commit(results, &open, &isFirst)
      guard let problem, !open.isEmpty else { break }
      let isUseful = open.contains { !results[$0].job.deadline.hasPassed }
      logger.warning(
        isUseful ? "cannot commit jobs; trying again" : "cannot commit jobs; they have expired",
        metadata: ["jobs": "\(open.count)", "reason": "\(problem)"])
      guard isUseful, !Task.isCancelled else { break }
      try? await Task.sleep(
        for: redis.configuration.backoff.delay(attempt: attempt, using: &random))
      attempt += 1
    }
    state.withLock { state in
      for (job, _) in results { state.held[job.place] = nil }
    }
    return isFirst
  }

  /// Commits the outcomes at the open positions and closes those that Redis has taken.
  private func commit(
    _ results: [(job: Job, outcome: JobOutcome)], _ open: inout [Int], _ isFirst: inout [Bool]
  ) async -> RedisError? {
    let groups = groups(of: open, results)
    var commands = groups.map { command(for: $0.map { results[$0] }) }
    let trims = state.withLock { state in
      state.untrimmed += open.count
      guard state.untrimmed >= Self.trimInterval else { return false }
      state.untrimmed = 0
      return true
    }
    if trims { commands += self.trims }
    var problem: RedisError?
    do throws(RedisError) {
      let replies = try await redis.send(commands)
      var left: [Int] = []
      for (group, reply) in zip(groups, replies) {
        do throws(RedisError) {
          let value = try reply.get()
          // Of jobs that somebody waits for, an answer for each.
          let values = value.elements ?? [value]
          for (index, value) in zip(group, values) {
            isFirst[index] = value.integer == 1
            count(results[index], isFirst: isFirst[index])
          }
        } catch {
          problem = error
          left += group
        }
      }
      open = left
    } catch {
      problem = error
    }
    return problem
  }

  /// Jobs whose waiters are in the same server are completed by one script; all others alone.
  private func groups(
    of open: [Int], _ results: [(job: Job, outcome: JobOutcome)]
  ) -> [[Int]] {
    var groups: [[Int]] = []
    var sizes: [Int] = []
    for index in open {
      let (job, outcome) = results[index]
      let size = if case .done(let answer) = outcome { answer.readableBytes } else { 0 }
      let fitting = groups.lastIndex { group in
        let first = results[group[0]]
        return Self.goesTogether(first) && first.job.replyTo == job.replyTo
          && first.job.place.priority == job.place.priority
      }
      if Self.goesTogether(results[index]), let fitting, sizes[fitting] + size < 1 << 18,
        groups[fitting].count < 64
      {
        groups[fitting].append(index)
        sizes[fitting] += size
      } else {
        groups.append([index])
        sizes.append(size)
      }
    }
    return groups
  }

  private static func goesTogether(_ result: (job: Job, outcome: JobOutcome)) -> Bool {
    if case .dead = result.outcome { return false }
    return result.job.piece == nil
  }

  private func count(_ result: (job: Job, outcome: JobOutcome), isFirst: Bool) {
    guard isFirst else { return metrics.duplicate.increment() }
    metrics.completed(result.outcome)
    if case .dead(let reason) = result.outcome { countDead(result.job.place.entry, reason) }
  }

  private func command(for results: [(job: Job, outcome: JobOutcome)]) -> RedisCommand {
    let (job, outcome) = results[0]
    if let piece = job.piece { return settle(job.id, piece, at: job.place, outcome) }
    if case .dead(let reason) = outcome {
      return bury(
        job.place, id: job.id, replyTo: job.replyTo, deadline: job.deadline,
        attempts: min(job.attempt, configuration.maximumAttempts), reason)
    }
    var keys = [self.keys.jobs(job.place.priority), self.keys.replies(job.replyTo)]
    var arguments: [RedisCommand.Argument] = [QueueKeys.group] + replyLimits
    for (job, outcome) in results {
      keys.append(self.keys.result(job.id))
      arguments += [
        .text(job.place.entry), .text("\(job.id)"), .bytes(outcome.stored), end(by: job.deadline),
      ]
    }
    return .evaluate(QueueScripts.complete, keys: keys, arguments: arguments)
  }

  /// How long replies are kept, and how many.
  private var replyLimits: [RedisCommand.Argument] {
    [.integer(configuration.replyLifetime.milliseconds), .integer(configuration.maximumReplies)]
  }

  /// Until when an outcome is kept, by Redis's clock.
  private func end(by deadline: Deadline) -> RedisCommand.Argument {
    .integer(
      Int(configuration.end(ofResultBy: deadline).unixMilliseconds + redis.clockOffset))
  }

  /// Removes what is finished from the streams.
  var trims: [RedisCommand] {
    keys.streams.map {
      .evaluate(QueueScripts.trim, keys: [$0], arguments: [QueueKeys.group])
    }
  }

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

  private func bury(
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

  private func countDead(_ entry: String, _ reason: String) {
    metrics.dead.increment()
    logger.error("job set aside", metadata: ["entry": "\(entry)", "reason": "\(reason)"])
  }
}
