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

  /// Commits outcomes, each with one script that also wakes the waiter, all in one round trip.
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
    var commands = open.map { command(for: results[$0].job, results[$0].outcome) }
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
      for (index, reply) in zip(open, replies) {
        do throws(RedisError) {
          isFirst[index] = try reply.get().integer == 1
          count(results[index], isFirst: isFirst[index])
        } catch {
          problem = error
          left.append(index)
        }
      }
      open = left
    } catch {
      problem = error
    }
    return problem
  }

  private func count(_ result: (job: Job, outcome: JobOutcome), isFirst: Bool) {
    guard isFirst else { return metrics.duplicate.increment() }
    metrics.completed(result.outcome)
    if case .dead(let reason) = result.outcome { countDead(result.job.place.entry, reason) }
  }

  private func command(for job: Job, _ outcome: JobOutcome) -> RedisCommand {
    if let piece = job.piece { return settle(job.id, piece, at: job.place, outcome) }
    if case .dead(let reason) = outcome {
      return bury(
        job.place, id: job.id, replyTo: job.replyTo,
        attempts: min(job.attempt, configuration.maximumAttempts), reason)
    }
    return .evaluate(
      QueueScripts.complete,
      keys: [keys.jobs(job.place.priority), keys.result(job.id), keys.replies(job.replyTo)],
      arguments: [QueueKeys.group, .text(job.place.entry)] + arguments(job.id, outcome))
  }

  private func arguments(_ id: JobID, _ outcome: JobOutcome) -> [RedisCommand.Argument] {
    [
      .text("\(id)"), .bytes(outcome.stored), .integer(configuration.resultLifetime.milliseconds),
      .integer(configuration.replyLifetime.milliseconds), .integer(configuration.maximumReplies),
    ]
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
      attempts: entry.attempt, reason)
  }

  private func bury(
    _ place: JobPlace, id: JobID?, replyTo: String?, attempts: Int, _ reason: String
  ) -> RedisCommand {
    var keys: [RedisCommand.Argument] = [self.keys.jobs(place.priority), self.keys.dead]
    var arguments: [RedisCommand.Argument] = [
      QueueKeys.group, .text(place.entry), .text(reason), .integer(attempts),
      .integer(configuration.maximumDead), .integer(configuration.deadLifetime.milliseconds),
    ]
    if let id, let replyTo {
      keys += [self.keys.result(id), self.keys.replies(replyTo)]
      arguments += self.arguments(id, .dead(reason))
    }
    return .evaluate(QueueScripts.bury, keys: keys, arguments: arguments)
  }

  private func countDead(_ entry: String, _ reason: String) {
    metrics.dead.increment()
    logger.error("job set aside", metadata: ["entry": "\(entry)", "reason": "\(reason)"])
  }
}
