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
      for (job, _) in results { state.held[job.entry] = nil }
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
    if trims { commands.append(trim) }
    var problem: RedisError?
    do throws(RedisError) {
      let replies = try await redis.send(commands)
      var left: [Int] = []
      for (index, reply) in zip(open, replies) {
        do throws(RedisError) {
          isFirst[index] = try reply.get().integer == 1
          count(results[index].outcome, isFirst: isFirst[index])
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

  private func count(_ outcome: JobOutcome, isFirst: Bool) {
    if isFirst {
      metrics.completed(outcome)
    } else {
      metrics.duplicate.increment()
    }
  }

  private func command(for job: Job, _ outcome: JobOutcome) -> RedisCommand {
    .evaluate(
      QueueScripts.complete, keys: [keys.jobs, keys.result(job.id), keys.replies(job.replyTo)],
      arguments: [QueueKeys.group, .text(job.entry)] + arguments(job.id, outcome))
  }

  private func arguments(_ id: JobID, _ outcome: JobOutcome) -> [RedisCommand.Argument] {
    [
      .text("\(id)"), .bytes(outcome.stored), .integer(configuration.resultLifetime.milliseconds),
      .integer(configuration.replyLifetime.milliseconds), .integer(configuration.maximumReplies),
    ]
  }

  /// Removes what is finished from the stream.
  var trim: RedisCommand {
    .evaluate(QueueScripts.trim, keys: [keys.jobs], arguments: [QueueKeys.group])
  }

  /// Sets aside what is damaged or was given out too often, and tells the waiters.
  func bury(_ intake: Intake) async {
    for job in intake.exhausted {
      let reason =
        "the job was given to workers \(job.attempt - 1) times and none of them finished it"
      metrics.exhausted.increment()
      await bury(job.entry, id: job.id, replyTo: job.replyTo, attempts: job.attempt - 1, reason)
    }
    for (entry, damage) in intake.damaged {
      metrics.damaged.increment()
      await bury(
        entry.entry, id: entry.id, replyTo: entry.replyTo, attempts: entry.attempt,
        "the job is damaged: \(damage)")
    }
  }

  private func bury(
    _ entry: String, id: JobID?, replyTo: String?, attempts: Int, _ reason: String
  ) async {
    logger.error(
      "job set aside",
      metadata: [
        "entry": "\(entry)", "job": "\(id.map { "\($0)" } ?? "?")", "reason": "\(reason)",
      ])
    var bury: [RedisCommand.Argument] = [keys.jobs, keys.dead]
    var arguments: [RedisCommand.Argument] = [
      QueueKeys.group, .text(entry), .text(reason), .integer(attempts),
      .integer(configuration.maximumDead), .integer(configuration.deadLifetime.milliseconds),
    ]
    if let id, let replyTo {
      bury += [keys.result(id), keys.replies(replyTo)]
      arguments += self.arguments(id, .dead(reason))
    }
    do throws(RedisError) {
      let reply = try await redis.send(
        .evaluate(QueueScripts.bury, keys: bury, arguments: arguments))
      if reply.integer == 1, id != nil { metrics.completed(.dead(reason)) }
    } catch {
      // It stays with this worker until it is taken over, and is set aside then.
      logger.error(
        "cannot set the job aside", metadata: ["entry": "\(entry)", "reason": "\(error)"])
    }
  }
}
