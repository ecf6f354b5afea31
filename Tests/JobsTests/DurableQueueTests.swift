import Foundation
import Jobs
import NIOCore
import Telemetry
import Testing
import TestSupport

/// What every queue of durable jobs does, whatever keeps them.
@Suite("A queue of durable jobs", .timeLimit(.minutes(5)))
struct DurableQueueTests {
  @Test("takes a job through its life and keeps its answer", arguments: Backend.allCases)
  func life(backend: Backend) async throws {
    try await backend.run { fixture in
      let queue = fixture.queue
      let accepted = try await fixture.accept("a")
      #expect(accepted.isNew)
      let id = accepted.id
      let waiting = try await queue.record(of: id)
      #expect(waiting.state == .queued)
      #expect(waiting.context == "context")
      #expect(waiting.started == nil)
      #expect(waiting.rows == 1)
      #expect(try await fixture.answer(id) == nil)
      let jobs = await fixture.source.take(upTo: 10)
      #expect(jobs.map(\.text) == ["a"])
      #expect(jobs.map(\.piece) == [0])
      let running = try await queue.record(of: id)
      #expect(running.state == .running)
      #expect(running.started != nil)
      #expect(running.attempts == 1)
      #expect(running.version > waiting.version)
      #expect(await fixture.source.complete([(jobs[0], jobs[0].echo())]) == [true])
      let done = try await queue.record(of: id)
      #expect(done.state == .done)
      #expect(done.finished != nil)
      #expect(done.donePieces == 1)
      #expect(done.doneRows == 1)
      #expect(try await fixture.answer(id) == "a!")
      #expect(await fixture.source.complete([(jobs[0], .failed("late"))]) == [false])
      #expect(try await fixture.answer(id) == "a!")
      try await queue.forget(id)
      let error = await #expect(throws: JobError.self) { try await queue.record(of: id) }
      #expect(error?.code == .unknown)
    }
  }

  @Test("keeps why a job failed", arguments: Backend.allCases)
  func failure(backend: Backend) async throws {
    try await backend.run { fixture in
      let id = try await fixture.accept("a").id
      let jobs = await fixture.source.take(upTo: 10)
      await fixture.source.complete([(jobs[0], .failed("no such model"))])
      let record = try await fixture.queue.record(of: id)
      #expect(record.state == .failed)
      #expect(record.message == "no such model")
      #expect(try await fixture.answer(id) == nil)
    }
  }

  @Test(
    "shares the pieces of a job among workers and keeps the answers in order",
    arguments: Backend.allCases)
  func pieces(backend: Backend) async throws {
    try await backend.run { fixture in
      let texts = (0..<50).map { "piece \($0)" }
      let other = fixture.another()
      try await during {
        async let first: Void = fixture.source.echo("?")
        async let second: Void = other.echo("?")
        _ = await (first, second)
      } _: {
        let id = try await fixture.handIn(texts)
        let record = await fixture.queue.end(of: id, by: .after(.seconds(20)))
        #expect(record?.state == .done)
        #expect(record?.doneRows == 500)
        for (number, text) in texts.enumerated() {
          #expect(try await fixture.answer(id, number) == text + "?")
        }
      }
    }
  }

  @Test(
    "never gives out what was cancelled, and refuses what still comes of it",
    arguments: Backend.allCases)
  func cancel(backend: Backend) async throws {
    try await backend.run { fixture in
      let waiting = try await fixture.accept("waiting").id
      #expect(try await fixture.queue.cancel(waiting).state == .cancelled)
      let running = try await fixture.accept("running").id
      let jobs = await fixture.source.take(upTo: 10)
      #expect(jobs.map(\.text) == ["running"])
      #expect(try await fixture.queue.cancel(running).state == .cancelled)
      #expect(await fixture.source.complete([(jobs[0], jobs[0].echo())]) == [false])
      #expect(try await fixture.queue.record(of: running).state == .cancelled)
      #expect(try await fixture.answer(running) == nil)
      let error = await #expect(throws: JobError.self) {
        try await fixture.queue.cancel(running)
      }
      #expect(error?.code == .finished)
    }
  }

  @Test(
    "ends a job at its deadline, worker or none, and never computes it",
    arguments: Backend.allCases)
  func expiry(backend: Backend) async throws {
    try await backend.run { fixture in
      let id = try await fixture.accept("late", within: .milliseconds(50)).id
      try await until { try await fixture.queue.record(of: id).state != .queued }
      #expect(try await fixture.queue.record(of: id).state == .expired)
      let soon = Deadline.after(.milliseconds(100))
      let unseen = try await fixture.accept("late too", within: soon.remaining).id
      try await until { soon.hasPassed }
      _ = try await fixture.accept("in time")
      let jobs = await fixture.source.take(upTo: 10)
      #expect(jobs.map(\.text) == ["in time"])
      #expect(try await fixture.queue.record(of: unseen).state == .expired)
    }
  }

  @Test(
    "gives what a dead worker left to another, sets aside what none survives, and takes it back",
    arguments: Backend.allCases)
  func poison(backend: Backend) async throws {
    try await backend.run { fixture in
      let id = try await fixture.accept("poison").id
      for attempt in 1...3 {
        let victim = fixture.another()
        let jobs = await victim.take(upTo: 10)
        #expect(jobs.map(\.attempt) == [attempt])
        try await fixture.workersDie()
      }
      try await during {
        await fixture.source.echo()
      } _: {
        let record = await fixture.queue.end(of: id, by: .after(.seconds(20)))
        #expect(record?.state == .dead)
        #expect(record?.message.contains("3 times") == true)
        let page = try await fixture.queue.list(.dead, after: nil, limit: 10)
        #expect(page.jobs.map(\.id) == [id])
        let again = try await fixture.queue.retry(id, deadline: .after(.seconds(60)))
        #expect(again.state == .queued || again.state == .running || again.state == .done)
        let done = await fixture.queue.end(of: id, by: .after(.seconds(20)))
        #expect(done?.state == .done)
        #expect(try await fixture.answer(id) == "poison!")
        let error = await #expect(throws: JobError.self) {
          try await fixture.queue.retry(id, deadline: .after(.seconds(60)))
        }
        #expect(error?.code == .finished)
      }
    }
  }

  @Test(
    "makes a hundred posts with one key one job, and refuses the key for another request",
    arguments: Backend.allCases)
  func idempotency(backend: Backend) async throws {
    try await backend.run { fixture in
      let accepted = try await withThrowingTaskGroup(of: AcceptedJob.self) { group in
        for _ in 0..<100 { group.addTask { try await fixture.accept("same", key: "k") } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(accepted.count { $0.isNew } == 1)
      #expect(Set(accepted.map(\.id)).count == 1)
      let error = await #expect(throws: JobError.self) {
        try await fixture.accept("other", key: "k")
      }
      #expect(error?.code == .mismatch)
      #expect(try await fixture.accept("other", tenant: "else", key: "k").isNew)
      // A job of many pieces learns only at its end that it was there before.
      let job = BackendFixture.job(.bulk, key: "k", hash: "same")
      let id = try await fixture.queue.open(job)
      try await fixture.queue.append(
        ByteBuffer(string: "x"), rows: 1, number: 0, to: id, as: job)
      let known = try await fixture.queue.seal(id, as: job)
      #expect(known.id == accepted[0].id)
      #expect(!known.isNew)
      #expect(try await fixture.queue.record(of: id).state == .cancelled)
      let page = try await fixture.queue.list(.queued, after: nil, limit: 10)
      #expect(page.jobs.count == 2)
    }
  }

  @Test("refuses more than fits, and more than a client's share", arguments: Backend.allCases)
  func full(backend: Backend) async throws {
    var settings = DurableJobSettings()
    settings.maximumTenantJobs = 2
    try await backend.run(maximumDepth: 3, settings) { fixture in
      for _ in 0..<2 { _ = try await fixture.accept("a") }
      let share = await #expect(throws: JobError.self) { try await fixture.accept("b") }
      #expect(share?.code == .full)
      #expect(share?.message.contains("share") == true)
      let other = try await fixture.accept("c", tenant: "other").id
      let full = await #expect(throws: JobError.self) {
        try await fixture.accept("d", tenant: "other")
      }
      #expect(full?.code == .full)
      #expect(full?.retryAfter != nil)
      _ = try await fixture.queue.cancel(other)
      let jobs = await fixture.source.take(upTo: 10)
      await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      #expect(try await fixture.accept("b").isNew)
    }
  }

  @Test("says when to come again by how long jobs take now", arguments: Backend.allCases)
  func retryAfter(backend: Backend) async throws {
    var settings = DurableJobSettings()
    settings.maximumTenantJobs = 1
    try await backend.run(maximumDepth: 2, settings) { fixture in
      let start = ContinuousClock.now
      _ = try await fixture.accept("a")
      _ = try await fixture.accept("b", tenant: "other")
      // One is refused for its share, one for all.
      for tenant in ["default", "third"] {
        var wait = Duration.seconds(1)
        while wait <= .seconds(1) {
          let error = await #expect(throws: JobError.self) {
            try await fixture.accept("c", tenant: tenant)
          }
          wait = error?.retryAfter ?? .zero
          #expect(wait >= .seconds(1))
        }
        #expect(wait <= start.duration(to: .now) + .milliseconds(10))
      }
    }
  }

  @Test("does what is urgent first", arguments: Backend.allCases)
  func priorities(backend: Backend) async throws {
    try await backend.run { fixture in
      for priority in [JobPriority.bulk, .normal, .interactive] {
        _ = try await fixture.accept(priority.rawValue, priority: priority)
      }
      var order: [String] = []
      while order.count < 3 {
        let jobs = await fixture.source.take(upTo: 10)
        order += jobs.map(\.text)
        await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      }
      #expect(order == ["interactive", "normal", "bulk"])
    }
  }

  @Test("lets large jobs take turns", arguments: Backend.allCases)
  func turns(backend: Backend) async throws {
    var settings = DurableJobSettings()
    settings.window = 2
    try await backend.run(settings) { fixture in
      let first = try await fixture.handIn((0..<20).map { "a\($0)" }, tenant: "a")
      let second = try await fixture.handIn((0..<20).map { "b\($0)" }, tenant: "b")
      var count = 0
      while count < 16 {
        let jobs = await fixture.source.take(upTo: 1)
        count += jobs.count
        await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      }
      #expect(try await fixture.queue.record(of: first).donePieces >= 6)
      #expect(try await fixture.queue.record(of: second).donePieces >= 6)
    }
  }

  @Test("lists jobs by state, page by page", arguments: Backend.allCases)
  func pages(backend: Backend) async throws {
    try await backend.run { fixture in
      var ids: Set<JobID> = []
      for number in 0..<25 { ids.insert(try await fixture.accept("\(number)").id) }
      var found: [JobID] = []
      var cursor: String?
      repeat {
        let page = try await fixture.queue.list(.queued, after: cursor, limit: 10)
        #expect(page.jobs.count <= 10)
        found += page.jobs.map(\.id)
        cursor = page.next
      } while cursor != nil
      #expect(found.count == 25)
      #expect(Set(found) == ids)
      #expect(try await fixture.queue.list(.done, after: nil, limit: 10).jobs.isEmpty)
      await #expect(throws: JobError.self) {
        try await fixture.queue.list(.done, after: "../x", limit: 10)
      }
    }
  }

  @Test("tells who watches a job that it changes, up to its end", arguments: Backend.allCases)
  func changes(backend: Backend) async throws {
    try await backend.run { fixture in
      let id = try await fixture.handIn(["a", "b", "c"])
      let watching = Task {
        var seen: [JobState] = []
        for await _ in fixture.queue.changes(of: id) {
          let state = try await fixture.queue.record(of: id).state
          if seen.last != state { seen.append(state) }
          if state.isFinal { break }
        }
        return seen
      }
      for _ in 0..<3 {
        let jobs = await fixture.source.take(upTo: 1)
        await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      }
      let seen = try await watching.value
      #expect(seen.last == .done)
    }
  }

  @Test(
    "owes one webhook for each job that has one, until it is settled",
    arguments: Backend.allCases)
  func webhooks(backend: Backend) async throws {
    try await backend.run { fixture in
      let id = try await fixture.accept("a", webhook: "https://example.org/").id
      _ = try await fixture.accept("b")
      #expect(try await fixture.queue.takeWebhooks(lease: .seconds(60)) == [])
      let jobs = await fixture.source.take(upTo: 10)
      await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      if jobs.count == 1 {
        let more = await fixture.source.take(upTo: 10)
        await fixture.source.complete(more.map { ($0, $0.echo()) })
      }
      #expect(try await fixture.queue.takeWebhooks(lease: .seconds(60)) == [id])
      #expect(try await fixture.queue.takeWebhooks(lease: .seconds(60)) == [])
      try await fixture.queue.settleWebhook(id, retryAfter: .zero)
      var again: [JobID] = []
      while again.isEmpty { again = try await fixture.queue.takeWebhooks(lease: .zero) }
      #expect(again == [id])
      try await fixture.queue.settleWebhook(id, retryAfter: nil)
      #expect(try await fixture.queue.takeWebhooks(lease: .zero) == [])
    }
  }

  @Test("forgets the result before the record", arguments: Backend.allCases)
  func resultLifetime(backend: Backend) async throws {
    var settings = DurableJobSettings()
    settings.resultLifetime = .milliseconds(50)
    try await backend.run(settings) { fixture in
      let id = try await fixture.accept("a").id
      let jobs = await fixture.source.take(upTo: 10)
      await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      try await until { try await fixture.answer(id) == nil }
      let record = try await fixture.queue.record(of: id)
      #expect(record.state == .done)
    }
  }

  @Test("gives the most urgent of those who wait first", arguments: Backend.allCases)
  func submittedPriority(backend: Backend) async throws {
    try await backend.run { fixture in
      // The streams have their group from a first look on.
      let first = try await fixture.accept("first").id
      await fixture.source.complete(
        await fixture.source.take(upTo: 1).map { ($0, $0.echo()) })
      try await until { try await fixture.answer(first) != nil }
      let waiting = JobPriority.allCases.reversed().map { priority in
        Task {
          try await fixture.queue.submit(
            ByteBuffer(string: priority.rawValue), priority: priority,
            deadline: .after(.seconds(20)))
        }
      }
      // All three are there before one is taken.
      try await until { try await fixture.waiting() == 3 }
      for priority in JobPriority.allCases {
        let jobs = await fixture.source.take(upTo: 1)
        #expect(jobs.map { String(buffer: $0.payload) } == [priority.rawValue])
        await fixture.source.complete(jobs.map { ($0, $0.echo()) })
      }
      for task in waiting { _ = try await task.value }
    }
  }

  @Test("answers those who wait, too", arguments: Backend.allCases)
  func submit(backend: Backend) async throws {
    try await backend.run { fixture in
      try await during {
        await fixture.source.echo()
      } _: {
        let answer = try await fixture.queue.submit(
          ByteBuffer(string: "now"), deadline: .after(.seconds(20)))
        #expect(String(buffer: answer) == "now!")
      }
      let late = await #expect(throws: JobError.self) {
        try await fixture.queue.submit(
          ByteBuffer(string: "x"), deadline: .after(.milliseconds(100)))
      }
      #expect(late?.code == .expired)
    }
  }
}

@Suite("A jobs file")
struct JobsFileTests {
  @Test("is refused to a second process, with the reason")
  func locked() async throws {
    try await withTemporaryFolder { folder in
      let path = folder.appending(path: "jobs.sqlite").path
      func queue() -> SQLiteJobQueue {
        SQLiteJobQueue(path: path, metrics: PrometheusRegistry(), logger: .quiet)
      }
      let first = queue()
      try await first.open()
      let second = queue()
      let error = await #expect(throws: JobError.self) { try await second.open() }
      #expect(error?.message.contains("another process") == true)
      await first.close()
      try await second.open()
    }
  }

  @Test("is refused when it is something else, and left as it is")
  func damaged() async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "jobs.sqlite")
      let text = String(repeating: "no database", count: 100)
      try text.write(to: file, atomically: true, encoding: .utf8)
      let queue = SQLiteJobQueue(path: file.path, metrics: PrometheusRegistry(), logger: .quiet)
      let error = await #expect(throws: JobError.self) { try await queue.open() }
      #expect(error?.message.contains("damaged") == true)
      #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }
  }
}
