import CoreMetrics
import Logging
import NIOCore
import Redis
import ServiceLifecycle
import Synchronization

/// How jobs end.
extension RedisJobSource {
  /// After how many finished jobs the stream is trimmed.
  private static let trimInterval = 64

  /// Commits outcomes and wakes the waiters, all in one round trip.
  ///
  /// - Returns: for each, whether it was the job's first outcome; of a job in a bundle, once all
  ///   others have theirs.
  @discardableResult
  public func complete(_ results: [(job: Job, outcome: JobOutcome)]) async -> [Bool] {
    var isFirst = [Bool](repeating: false, count: results.count)
    let entries = finished(results)
    var open = entries
    await commit(&open, &isFirst)
    release(entries)
    return isFirst
  }

  /// Commits outcomes with the connection that reads, and takes what waits in the same round trip; only
  /// commits when hardly anything will wait, and when it is time to stop or to look for what others left.
  func commit(
    _ results: [(job: Job, outcome: JobOutcome)], takingUpTo limit: Int
  ) async -> [JobEntry] {
    guard !results.isEmpty else { return [] }
    var isFirst = [Bool](repeating: false, count: results.count)
    let entries = finished(results)
    var open = entries
    var waiting: [JobEntry] = []
    let connection = state.withLock { state in
      state.looksInOrder > 0 && state.nextTakeOver > .now ? state.connection : nil
    }
    if let connection, !entries.isEmpty, !isStopping, redis.isConnected {
      let groups = Self.groups(of: open)
      let look = nextLook(upTo: limit)
      // Of a broken connection the next read tells, and a new one finds again what was given out.
      if let replies = try? await connection.send(commands(for: groups) + [look.command]) {
        _ = note(replies, of: groups, &open, &isFirst)
        waiting = look.entries(replies[replies.count - 1])
      }
    }
    await commit(&open, &isFirst)
    release(entries)
    return waiting
  }

  /// Commits what is open, again and again while Redis cannot be reached and somebody waits.
  private func commit(_ open: inout [FinishedEntry], _ isFirst: inout [Bool]) async {
    var attempt = 0
    var random = SystemRandomNumberGenerator()
    while !open.isEmpty {
      let problem = await commitOnce(&open, &isFirst)
      guard let problem, !open.isEmpty else { break }
      let isUseful = open.contains { $0.jobs.contains { !$0.deadline.hasPassed } }
      logger.warning(
        isUseful ? "cannot commit jobs; trying again" : "cannot commit jobs; they have expired",
        metadata: [
          "jobs": "\(open.reduce(0) { $0 + $1.jobs.count })", "reason": "\(problem)",
        ])
      guard isUseful, !Task.isCancelled else { break }
      try? await Task.sleep(
        for: redis.configuration.backoff.delay(attempt: attempt, using: &random))
      attempt += 1
    }
  }

  private func release(_ entries: [FinishedEntry]) {
    state.withLock { state in
      for entry in entries { state.held[entry.place] = nil }
    }
  }

  /// The entries that are finished with these results; those of other bundles are kept for later.
  private func finished(_ results: [(job: Job, outcome: JobOutcome)]) -> [FinishedEntry] {
    var finished: [FinishedEntry] = []
    var bundles: [JobPlace: [Int]] = [:]
    var start = 0
    while start < results.count {
      let job = results[start].job
      let end = start + (job.bundle?.count ?? 1)
      if end <= results.count, Self.isWhole(results[start..<end]) {
        finished.append(
          FinishedEntry(
            place: job.place, id: job.bundle?.id ?? job.id, jobs: results[start..<end].map(\.job),
            outcome: EntryOutcome(results[start..<end].map(\.outcome)),
            positions: Array(start..<end)))
        start = end
      } else {
        bundles[job.place, default: []].append(start)
        start += 1
      }
    }
    for (place, positions) in bundles {
      guard let bundle = results[positions[0]].job.bundle else { continue }
      let all = state.withLock { state in
        var all = state.partial[place] ?? Array(repeating: nil, count: bundle.count)
        for position in positions {
          guard let place = results[position].job.bundle?.position, all[place] == nil else {
            continue
          }
          all[place] = results[position]
        }
        let isWhole = all.allSatisfy { $0 != nil }
        state.partial[place] = isWhole ? nil : all
        return isWhole ? all.compactMap { $0 } : []
      }
      guard !all.isEmpty else { continue }
      finished.append(
        FinishedEntry(
          place: place, id: bundle.id, jobs: all.map(\.job),
          outcome: EntryOutcome(all.map(\.outcome)), positions: positions))
    }
    return finished
  }

  /// Whether these are all the jobs of an entry in their order, as they mostly come.
  private static func isWhole(_ results: ArraySlice<(job: Job, outcome: JobOutcome)>) -> Bool {
    guard let id = results.first?.job.bundle?.id else { return results.count == 1 }
    return results.indices.allSatisfy { index in
      results[index].job.bundle?.id == id
        && results[index].job.bundle?.position == index - results.startIndex
    }
  }

  /// Commits the outcomes of the entries and leaves those that Redis has not taken.
  private func commitOnce(_ open: inout [FinishedEntry], _ isFirst: inout [Bool]) async
    -> RedisError?
  {
    let groups = Self.groups(of: open)
    do throws(RedisError) {
      return note(try await redis.send(commands(for: groups)), of: groups, &open, &isFirst)
    } catch {
      return error
    }
  }

  /// A command for each group, and now and then some that trim the streams.
  private func commands(for groups: [[FinishedEntry]]) -> [RedisCommand] {
    let trims = state.withLock { state in
      state.untrimmed += groups.reduce(0) { $0 + $1.count }
      guard state.untrimmed >= Self.trimInterval else { return false }
      state.untrimmed = 0
      return true
    }
    return groups.map { command(for: $0) } + (trims ? self.trims : [])
  }

  /// Notes what Redis said of each group; what it has not taken stays open.
  private func note(
    _ replies: [RESPValue], of groups: [[FinishedEntry]], _ open: inout [FinishedEntry],
    _ isFirst: inout [Bool]
  ) -> RedisError? {
    var problem: RedisError?
    open = []
    for (group, reply) in zip(groups, replies) {
      do throws(RedisError) {
        let value = try reply.get()
        // Of jobs that somebody waits for, an answer for each.
        for (entry, value) in zip(group, value.elements ?? [value]) where !entry.mustBeSplit {
          for position in entry.positions { isFirst[position] = value.integer == 1 }
          count(entry, isFirst: value.integer == 1)
        }
      } catch {
        problem = error
        open += group
      }
    }
    return problem
  }

  /// Entries whose waiters are in the same server are completed by one script; all others alone.
  private static func groups(of entries: [FinishedEntry]) -> [[FinishedEntry]] {
    var groups: [[FinishedEntry]] = []
    var sizes: [Int] = []
    for entry in entries {
      let size = entry.size
      let fitting = groups.lastIndex { group in
        group[0].goesWithOthers && group[0].jobs[0].replyTo == entry.jobs[0].replyTo
          && group[0].place.priority == entry.place.priority
      }
      if entry.goesWithOthers, let fitting, sizes[fitting] + size < 1 << 18,
        groups[fitting].count < 64
      {
        groups[fitting].append(entry)
        sizes[fitting] += size
      } else {
        groups.append([entry])
        sizes.append(size)
      }
    }
    return groups
  }

  private func count(_ entry: FinishedEntry, isFirst: Bool) {
    for outcome in entry.outcome.outcomes {
      // The server has counted what its callers cancelled.
      if outcome == .cancelled { continue }
      if isFirst { metrics.completed(outcome) } else { metrics.duplicate.increment() }
    }
    if isFirst, let reason = entry.deathReason { countDead(entry.place.entry, reason) }
  }

  private func command(for entries: [FinishedEntry]) -> RedisCommand {
    let first = entries[0]
    let (job, outcome) = (first.jobs[0], first.outcome.outcomes[0])
    if let piece = job.piece { return settle(job.id, piece, at: job.place, outcome) }
    if let reason = first.deathReason {
      return bury(
        job.place, id: job.id, replyTo: job.replyTo, deadline: job.deadline,
        attempts: min(job.attempt, configuration.maximumAttempts), reason)
    }
    if first.mustBeSplit { return split(first) }
    var keys = [self.keys.jobs(job.place.priority), self.keys.replies(job.replyTo)]
    var arguments: [RedisCommand.Argument] = [QueueKeys.group] + replyLimits
    for entry in entries {
      keys.append(self.keys.result(entry.id))
      arguments += [
        .text(entry.place.entry), .text("\(entry.id)"), .bytes(entry.outcome.stored),
        end(by: entry.deadline), .integer(entry.outcome.outcomes.count),
      ]
    }
    return .evaluate(QueueScripts.complete, keys: keys, arguments: arguments)
  }

  private func split(_ entry: FinishedEntry) -> RedisCommand {
    let parts = entry.jobs.map { job in
      JobBundle.Part(
        id: job.id, deadline: job.deadline.unixMilliseconds + redis.clockOffset,
        payload: job.payload)
    }
    let job = entry.jobs[0]
    return split(
      JobBundle(parts), id: entry.id, at: entry.place, replyTo: job.replyTo, attempt: job.attempt)
  }

  /// How long replies are kept, and how many.
  var replyLimits: [RedisCommand.Argument] {
    [.integer(configuration.replyLifetime.milliseconds), .integer(configuration.maximumReplies)]
  }

  /// Until when an outcome is kept, by Redis's clock.
  func end(by deadline: Deadline) -> RedisCommand.Argument {
    .integer(
      Int(configuration.end(ofResultBy: deadline).unixMilliseconds + redis.clockOffset))
  }

  /// Removes what is finished from the streams.
  var trims: [RedisCommand] {
    keys.streams.map {
      .evaluate(QueueScripts.trim, keys: [$0], arguments: [QueueKeys.group])
    }
  }
}
