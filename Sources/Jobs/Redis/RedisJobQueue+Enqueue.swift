import CoreMetrics
import Logging
import NIOCore
import Redis
import Synchronization

/// How jobs with a waiter are handed in, and how they are taken back.
extension RedisJobQueue {
  /// A job that was not sent yet.
  struct Unsent {
    let id: JobID
    let payload: ByteBuffer
    let priority: JobPriority
    let deadline: Deadline

    fileprivate var isSmall: Bool { payload.readableBytes <= JobBundle.maximumPayloadSize }
  }

  /// What becomes one entry of the stream: a job, or a bundle of small ones.
  private struct Entry {
    let id: JobID
    let jobs: [Unsent]

    var priority: JobPriority { jobs[0].priority }
    var size: Int { jobs.reduce(0) { $0 + $1.payload.readableBytes } }
  }

  /// Sends the job at once, or together with those that come while Redis is busy with the last ones or,
  /// where many wait, within a moment; only a refusal is told to the waiter, whose next news is the reply.
  func enqueue(_ job: Unsent) {
    let sending = state.withLock { state in
      state.unsent.append(job)
      return state.nextSending()
    }
    begin(sending)
  }

  private func begin(_ sending: Sending?) {
    switch sending {
    case .now: redis.execute { self.enqueueUnsent() }
    case .soon(let moment):
      redis.execute(after: moment) {
        let isDue = self.state.withLock { state in
          state.isGathering = false
          guard !state.isSending, !state.unsent.isEmpty else { return false }
          state.isSending = true
          return true
        }
        if isDue { self.enqueueUnsent() }
      }
    case nil: break
    }
  }

  private func enqueueUnsent() {
    var entries = state.withLock { state in
      // Those whose time is up are left out; what would make a bundle that is not full waits for more.
      let jobs = state.unsent.filter { state.waiters.contains($0.id) }
      let limit = JobBundle.limit(waiting: state.waiters.count)
      let rest = jobs.count > limit ? jobs.count % limit : 0
      state.unsent = jobs.suffix(rest)
      let entries = self.entries(of: jobs.dropLast(rest), in: &state.waiters)
      state.isSending = !entries.isEmpty
      return entries[...]
    }
    while let priority = entries.first?.priority {
      // Scripts hold up all others, so they stay short: few entries, or one that is large.
      var size = 0
      let batch = entries.prefix(64).prefix { entry in
        defer { size += entry.size }
        return size < 1 << 18 && entry.priority == priority
      }
      entries = entries[batch.endIndex...]
      let isLast = entries.isEmpty
      enqueue(Array(batch)) {
        guard isLast else { return }
        self.begin(
          self.state.withLock { state in
            state.isSending = false
            return state.nextSending()
          })
      }
    }
  }

  /// Puts small jobs together, where many wait.
  private func entries(of jobs: ArraySlice<Unsent>, in waiters: inout Waiters<Waiter>) -> [Entry] {
    let limit = JobBundle.limit(waiting: waiters.count)
    var groups: [[Unsent]] = []
    for job in jobs {
      if job.isSmall, let last = groups.last, last.count < limit, last[0].isSmall,
        last[0].priority == job.priority
      {
        groups[groups.count - 1].append(job)
      } else {
        groups.append([job])
      }
    }
    return groups.map { jobs in
      guard jobs.count > 1 else { return Entry(id: jobs[0].id, jobs: jobs) }
      let id = nextID()
      waiters.bundle(jobs.map(\.id), as: id)
      return Entry(id: id, jobs: jobs)
    }
  }

  private func enqueue(_ entries: [Entry], then next: @escaping @Sendable () -> Void = {}) {
    let clockOffset = redis.clockOffset
    var arguments = [QueueKeys.group, .integer(configuration.maximumDepth), .text(server)]
    for entry in entries {
      let parts = entry.jobs.map { job in
        JobBundle.Part(
          id: job.id, deadline: job.deadline.unixMilliseconds + clockOffset, payload: job.payload)
      }
      arguments += [
        .text("\(entry.id)"),
        .bytes(parts.count == 1 ? parts[0].payload : JobBundle(parts).bytes),
        .integer(Int(parts.map(\.deadline).max() ?? 0)), .integer(parts.count),
      ]
    }
    let command = RedisCommand.evaluate(
      QueueScripts.enqueue, keys: [keys.jobs(entries[0].priority)], arguments: arguments)
    redis.perform([command]) { [self] result in
      do throws(RedisError) {
        let taken = min(entries.count, max(0, try result.get()[0].get().integer ?? 0))
        metrics.enqueued.increment(by: entries[..<taken].reduce(0) { $0 + $1.jobs.count })
        refuse(entries[taken...])
      } catch {
        let reason = JobError(.unavailable, "the queue does not take jobs now: \(error)")
        for job in entries.flatMap(\.jobs) { refuse(job.id, reason) }
      }
      next()
    }
  }

  /// The queue is full for these; of a bundle some jobs may still find room.
  private func refuse(_ entries: ArraySlice<Entry>) {
    var alone: [Entry] = []
    for entry in entries {
      if entry.jobs.count > 1 {
        alone += entry.jobs.map { Entry(id: $0.id, jobs: [$0]) }
      } else {
        refuse(
          entry.id, JobError(.full, "the queue is full; try again later", retryAfter: .seconds(1)))
      }
    }
    for start in stride(from: 0, to: alone.count, by: 64) {
      enqueue(Array(alone[start..<min(start + 64, alone.count)]))
    }
  }

  private func refuse(_ id: JobID, _ error: JobError) {
    metrics.refused(error.code)
    resolve(id, .failure(error))
  }

  /// Ends a wait, and the job, unless a worker has it: then its outcome comes too late.
  func cancel(_ id: JobID, by deadline: Deadline) {
    let (removed, wasSent) = state.withLock { state in
      let position = state.unsent.firstIndex { $0.id == id }
      if let position { state.unsent.remove(at: position) }
      return (state.waiters.remove(id), position == nil)
    }
    guard let (waiter, bundle) = removed else { return }
    waiter(.failure(Self.cancelled))
    guard wasSent else { return }
    redis.perform([
      .evaluate(
        QueueScripts.cancel,
        keys: bundle.map { [keys.result($0.id), keys.hangUps($0.id)] } ?? [keys.result(id)],
        arguments: [
          time(configuration.end(ofResultBy: deadline)),
          bundle.map { .integer($0.position) } ?? .bytes(JobOutcome.cancelled.stored),
        ])
    ]) { [metrics] result in
      // Without Redis nobody computes it either, or its outcome is no one's.
      guard case .success(let replies) = result, replies[0].integer == 1 else { return }
      metrics.completed(.cancelled)
    }
  }

  /// Answers whoever waits for the job, if someone still does.
  func resolve(_ id: JobID, _ answer: Result<ByteBuffer, JobError>) {
    state.withLock { $0.waiters.remove(id) }?.waiter(answer)
  }

  /// Answers those who wait for the jobs of an entry of the stream.
  func resolve(entry id: JobID, _ outcome: EntryOutcome) {
    let outcomes = outcome.outcomes
    let waiters = state.withLock { state in
      // One outcome for a whole bundle is each one's.
      outcomes.count == 1 || outcomes.count == state.waiters.size(ofEntry: id)
        ? state.waiters.remove(entry: id) : []
    }
    for (position, waiter) in waiters.enumerated() {
      waiter?(outcomes[outcomes.count == 1 ? 0 : position].answer)
    }
  }
}

/// When the jobs that were not sent yet are.
enum Sending {
  case now
  case soon(Duration)
}

extension RedisJobQueue.State {
  /// What is to be done for the unsent jobs, and will be.
  mutating func nextSending() -> Sending? {
    guard !isSending, !unsent.isEmpty else { return nil }
    if unsent.count >= JobBundle.limit(waiting: waiters.count) {
      isSending = true
      return .now
    }
    guard !isGathering else { return nil }
    isGathering = true
    return .soon(JobBundle.moment)
  }
}
