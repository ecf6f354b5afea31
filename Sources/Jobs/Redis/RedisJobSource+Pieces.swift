import Logging
import Redis

/// Pieces of durable jobs, whose payloads do not stand in the stream.
extension RedisJobSource {
  /// Fetches the payloads of the pieces among the entries; leaves out those whose job has ended.
  func begin(_ entries: [JobEntry]) async throws(RedisError) -> [JobEntry] {
    let positions = entries.indices.filter { entries[$0].piece != nil && entries[$0].id != nil }
    guard !positions.isEmpty else { return entries }
    // The payload comes past the script, which would copy it into Lua and back.
    let replies = try await redis.send(positions.flatMap { begin(entries[$0]) })
    var begun: [JobEntry?] = entries
    for (index, position) in positions.enumerated() {
      let (reply, body) = (replies[2 * index], replies[2 * index + 1])
      switch (reply.elements?.first, body) {
      case (.integer(1), .string(let payload)): begun[position]?.payload = payload
      // Its payload is gone: it comes out as damaged.
      case (.integer(0), _): break
      default:
        // An error of Redis's is tried again, as often as a job that kills its workers.
        if case .error(let message) = reply {
          logger.error(
            "cannot fetch a piece",
            metadata: ["entry": "\(entries[position].place.entry)", "reason": "\(message)"])
          if entries[position].attempt > configuration.maximumAttempts { break }
        }
        begun[position] = nil
      }
    }
    return begun.compactMap { $0 }
  }

  /// Says that the piece is taken, and fetches its payload.
  private func begin(_ entry: JobEntry) -> [RedisCommand] {
    guard let id = entry.id, let piece = entry.piece else { return [] }
    return [
      .evaluate(
        QueueScripts.begin, keys: keys.durable(id, entry.place.priority),
        arguments: [
          .text("\(id)"), now, QueueKeys.group, .text(entry.place.entry), .integer(piece),
          .integer(min(entry.attempt, configuration.maximumAttempts)),
        ]),
      ["HGET", keys.bodies(id), .integer(piece)],
    ]
  }

  /// Commits the outcome of a piece.
  func settle(
    _ id: JobID, _ piece: Int, at place: JobPlace, _ outcome: JobOutcome
  ) -> RedisCommand {
    let settings = configuration.durable
    let text: RedisCommand.Argument
    if case .done(let answer) = outcome {
      text = .bytes(answer)
    } else {
      text = .text(outcome.message)
    }
    return .evaluate(
      QueueScripts.settle, keys: keys.durable(id, place.priority) + [keys.dead],
      arguments: [
        .text("\(id)"), now, QueueKeys.group, .text(place.entry), .integer(piece),
        .text(outcome.state.rawValue),
        .integer(settings.recordLifetime.milliseconds), .integer(settings.window), text,
        .integer(configuration.maximumDead), .integer(configuration.deadLifetime.milliseconds),
      ])
  }

  private var now: RedisCommand.Argument {
    .integer(Int(Deadline.now.unixMilliseconds + redis.clockOffset))
  }
}
