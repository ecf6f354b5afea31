import Logging
import NIOCore
import NIOPosix
import Redis
import ServiceLifecycle
import Synchronization

/// What goes on beside the work.
extension RedisJobSource {
  /// Keeps the jobs in hand and tidies the queue until the service is shut down; then the worker is
  /// forgotten, unless it leaves jobs behind.
  public func run() async throws {
    // Not among Swift's threads, which long predictions may hold: these must not look like a dead worker.
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    await cancelWhenGracefulShutdown {
      await withTaskExecutorPreference(LoopExecutor(eventLoop)) {
        while !Task.isCancelled {
          await eventLoop.sleep(for: self.configuration.visibility / 3)
          if Task.isCancelled { break }
          await self.beat()
          await self.tidy()
        }
      }
    }
    state.withLock { $0.connection.take() }?.close()
    _ = try? await redis.send(
      keys.streams.map {
        .evaluate(
          QueueScripts.leave, keys: [$0], arguments: [QueueKeys.group, .text(consumer)])
      })
  }

  /// Renews the hold on the jobs in hand; those that nobody waits for any more are let go.
  private func beat() async {
    let now = Deadline.now
    let held = state.withLock { state in
      state.held.filter { $0.value > now }.map(\.key)
    }
    for priority in JobPriority.allCases {
      await beat(held.filter { $0.priority == priority }, in: priority)
    }
  }

  private func beat(_ places: [JobPlace], in priority: JobPriority) async {
    guard !places.isEmpty else { return }
    do throws(RedisError) {
      let lost = try await redis.send(
        .evaluate(
          QueueScripts.heartbeat, keys: [keys.jobs(priority)],
          arguments: [QueueKeys.group, .text(consumer)] + places.map { .text($0.entry) }))
      for entry in lost.elements ?? [] {
        // It may also have been completed between the list and the answer.
        guard let entry = entry.text,
          state.withLock({ $0.held[JobPlace(priority: priority, entry: entry)] != nil })
        else { continue }
        logger.warning(
          "another worker took over a job of this one", metadata: ["entry": "\(entry)"])
      }
    } catch {
      logger.warning("cannot keep the jobs in hand", metadata: ["reason": "\(error)"])
    }
  }

  private func tidy() async {
    let sweep = RedisCommand.evaluate(
      QueueScripts.sweep, keys: [keys.housekeeper] + keys.streams,
      arguments: [
        QueueKeys.group, .text(consumer), .integer(configuration.consumerLifetime.milliseconds),
      ])
    _ = try? await redis.send(trims + [sweep])
    if let depth = try? await redis.depth(keys) { metrics.record(depth) }
  }
}

extension EventLoop {
  /// Waits for a while, or until the task is cancelled, without a thread of Swift's.
  fileprivate func sleep(for time: Duration) async {
    let timer = scheduleTask(in: TimeAmount(time)) {}
    await withTaskCancellationHandler {
      try? await timer.futureResult.get()
    } onCancel: {
      timer.cancel()
    }
  }
}

extension RedisClient {
  /// Measures all streams of a queue.
  func depth(_ keys: QueueKeys) async throws(RedisError) -> QueueDepth {
    let replies = try await send(
      keys.streams.map {
        .evaluate(QueueScripts.measure, keys: [$0], arguments: [QueueKeys.group])
      })
    var depth = QueueDepth()
    for reply in replies {
      let values = (try reply.get().elements ?? []).compactMap(\.integer)
      guard values.count == 3 else { continue }
      depth =
        depth
        + QueueDepth(waiting: values[0], running: values[1], oldest: .milliseconds(values[2]))
    }
    return depth
  }
}
