import CoreMetrics
import Logging
public import ServiceLifecycle
import Synchronization

/// A worker's side of ``SQLiteJobQueue``, in the same process.
///
/// What it has taken stays with it until it is completed or the service is shut down; then what is
/// left goes to others.
public final class SQLiteJobSource: JobSource, Service {
  private let queue: SQLiteJobQueue
  private let held = Mutex<[JobPlace: Job]>([:])

  /// A worker of this queue, whose service must run for longer than this one.
  public init(_ queue: SQLiteJobQueue) {
    self.queue = queue
  }

  /// Waits for the end, and hands back what is left.
  public func run() async throws {
    try? await gracefulShutdown()
    await release()
  }

  /// Hands back what was taken and is not completed.
  func release() async {
    let left = held.withLock { held in
      defer { held = [:] }
      return Array(held.values)
    }
    guard !left.isEmpty else { return }
    _ = try? await queue.writer.perform(flushes: false) { [queue] in
      try SQLiteJobs($0, queue).release(left)
    }
    queue.arrivals.signal()
  }

  /// Waits for pieces and takes them; jobs of one priority take turns.
  public func take(upTo limit: Int) async -> [Job] {
    while !Task.isCancelled, !Task.isShuttingDownGracefully {
      let generation = queue.arrivals.generation
      do throws(JobError) {
        let taken = try await queue.writer.perform(flushes: false) { [queue] in
          try SQLiteJobs($0, queue).take(upTo: max(1, limit))
        }
        note(taken)
        if !taken.jobs.isEmpty { return taken.jobs }
        await queue.arrivals.wait(after: generation)
      } catch {
        queue.logger.warning("cannot take jobs; trying again", metadata: ["reason": "\(error)"])
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
      }
    }
    return []
  }

  private func note(_ taken: SQLiteJobs.Taken) {
    held.withLock { held in
      for job in taken.jobs { held[job.place] = job }
    }
    let metrics = queue.metrics
    metrics.taken.increment(by: taken.jobs.count)
    metrics.takenOver.increment(by: taken.jobs.count { $0.attempt > 1 })
    for wait in taken.waits { metrics.wait.recordMilliseconds(max(0, wait)) }
    for (id, reason) in taken.dead { countDead(id, reason) }
    for id in Set(taken.changed) { queue.changes.signal(id) }
  }

  /// Commits outcomes in one transaction; see ``JobSource``.
  @discardableResult
  public func complete(_ results: [(job: Job, outcome: JobOutcome)]) async -> [Bool] {
    guard !results.isEmpty else { return [] }
    var isFirst = [Bool](repeating: false, count: results.count)
    while true {
      do throws(JobError) {
        isFirst = try await queue.writer.perform(flushes: false) { [queue] database in
          let jobs = SQLiteJobs(database, queue)
          return try results.map { try jobs.settle($0.job, $0.outcome) }
        }
        break
      } catch {
        let isUseful = results.contains { !$0.job.deadline.hasPassed }
        queue.logger.warning(
          isUseful ? "cannot commit jobs; trying again" : "cannot commit jobs; they have expired",
          metadata: ["jobs": "\(results.count)", "reason": "\(error)"])
        guard isUseful, !Task.isCancelled else { break }
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    held.withLock { held in
      for (job, _) in results { held[job.place] = nil }
    }
    for (job, _) in results { if let piece = job.piece { queue.early.drop(piece, of: job.id) } }
    for (result, isFirst) in zip(results, isFirst) {
      guard isFirst else {
        queue.metrics.duplicate.increment()
        continue
      }
      queue.metrics.completed(result.outcome)
      if case .dead(let reason) = result.outcome { countDead(result.job.id, reason) }
      queue.changes.signal(result.job.id)
    }
    return isFirst
  }

  private func countDead(_ id: JobID, _ reason: String) {
    queue.metrics.dead.increment()
    queue.logger.error("job set aside", metadata: ["job": "\(id)", "reason": "\(reason)"])
  }
}
