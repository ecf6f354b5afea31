import CoreMetrics
import Logging
import Redis

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
