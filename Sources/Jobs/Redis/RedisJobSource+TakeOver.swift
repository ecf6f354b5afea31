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
          return JobEntry(
            place: JobPlace(priority: priority, entry: entry), fields: parts[2], attempt: attempt)
        }
        logger.error("a job was deleted while it was under way", metadata: ["entry": "\(entry)"])
      }
    }
    return nil
  }
}
