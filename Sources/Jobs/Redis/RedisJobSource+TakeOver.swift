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
