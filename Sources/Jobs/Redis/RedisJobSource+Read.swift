import Redis
import ServiceLifecycle
import Synchronization

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
