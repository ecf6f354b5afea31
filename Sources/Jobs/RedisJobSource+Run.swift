import Synchronization
import Logging
import Redis
import ServiceLifecycle

/// What goes on beside the work.
extension RedisJobSource {
  /// Keeps the jobs in hand and tidies the queue until the service is shut down; then the worker is
  /// forgotten, unless it leaves jobs behind.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: self.configuration.visibility / 3)
        if Task.isCancelled { break }
        await self.beat()
        await self.tidy()
      }
    }
    state.withLock { $0.connection.take() }?.close()
    _ = try? await redis.send(
      .evaluate(
        QueueScripts.leave, keys: [keys.jobs], arguments: [QueueKeys.group, .text(consumer)]))
  }

  /// Renews the hold on the jobs in hand; those that nobody waits for any more are let go.
  private func beat() async {
    let now = Deadline.now
    let entries = state.withLock { state in
      state.held.values.filter { $0.deadline > now }.map(\.entry)
    }
    guard !entries.isEmpty else { return }
    do throws(RedisError) {
      let lost = try await redis.send(
        .evaluate(
          QueueScripts.heartbeat, keys: [keys.jobs],
          arguments: [QueueKeys.group, .text(consumer)] + entries.map { .text($0) }))
      for entry in lost.elements ?? [] {
        // It may also have been completed between the list and the answer.
        guard let entry = entry.text, state.withLock({ $0.held[entry] != nil }) else { continue }
        logger.warning(
          "another worker took over a job of this one", metadata: ["entry": "\(entry)"])
      }
    } catch {
      logger.warning("cannot keep the jobs in hand", metadata: ["reason": "\(error)"])
    }
  }

  private func tidy() async {
    let replies = try? await redis.send([
      .evaluate(QueueScripts.measure, keys: [keys.jobs], arguments: [QueueKeys.group]),
      trim,
      .evaluate(
        QueueScripts.sweep, keys: [keys.jobs, keys.housekeeper],
        arguments: [
          QueueKeys.group, .text(consumer), .integer(configuration.consumerLifetime.milliseconds),
        ]),
    ])
    if let depth = replies?.first.flatMap(QueueDepth.init) { metrics.record(depth) }
  }
}
