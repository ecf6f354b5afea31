import NIOCore
import Redis
import TestSupport
import Testing

@testable import Jobs

@Suite("Jobs that are handed in together", .timeLimit(.minutes(5)))
struct RedisBundleTests {
  private static let count = 100

  /// So many that wait that some of them stand in one entry.
  private func waiting(_ fixture: QueueFixture) async throws -> [Task<String, any Error>] {
    let answers = (0..<Self.count).map { fixture.submitting("\($0)") }
    try await fixture.depth(is: Self.count)
    let entries = try await fixture.redis.send(["XLEN", "{coppice}:jobs:interactive"]).integer ?? 0
    #expect(entries < Self.count)
    #expect(entries >= Self.count / JobBundle.maximumCount)
    return answers
  }

  @Test("are counted one by one, waiting and running")
  func depth() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let answers = try await waiting(fixture)
        #expect(try await fixture.queue.depth().waiting == Self.count)
        let taken = await fixture.source.take(upTo: 3)
        let depth = try await fixture.queue.depth()
        #expect(depth.running == taken.count)
        #expect(depth.waiting == Self.count - taken.count)
        await fixture.source.complete(taken.map { ($0, $0.echo()) })
        #expect(try await fixture.queue.depth().running == 0)
        try await during {
          await fixture.source.echo()
        } _: {
          for (index, answer) in answers.enumerated() {
            let text = try await answer.value
            #expect(text == "\(index)!")
          }
        }
        try await fixture.depth(is: 0)
        #expect(fixture.metric("coppice_jobs_completed_total{outcome=\"done\"}") == Self.count)
      }
    }
  }

  @Test("are refused one by one when the queue is full")
  func full() async throws {
    try await withRedis { server in
      var configuration = RedisQueueConfiguration()
      configuration.maximumDepth = 37
      try await QueueFixture(server, configuration).run { fixture in
        let answers = (0..<Self.count).map { fixture.submitting("\($0)") }
        try await until {
          fixture.metric("coppice_jobs_refused_total{reason=\"full\"}") >= Self.count - 37
        }
        #expect(try await fixture.queue.depth().waiting == 37)
        var done = 0
        try await during {
          await fixture.source.echo()
        } _: {
          for answer in answers {
            do {
              _ = try await answer.value
              done += 1
            } catch let error as JobError {
              #expect(error.code == .full)
            }
          }
        }
        #expect(done == 37)
      }
    }
  }

  @Test(
    "are taken apart when a worker dies with them, so that one that kills takes no others along")
  func poison() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let answers = try await waiting(fixture)
        try await fixture.takeAndDie()
        // Whoever gets job 7 dies with all that it has taken.
        try await during {
          while !Task.isCancelled { await work(fixture.anotherSource(), dyingOf: "7") }
        } _: {
          for (index, answer) in answers.enumerated() {
            switch await answer.result {
            case .success(let text): #expect(text == "\(index)!")
            case .failure(let error):
              #expect(index == 7)
              #expect((error as? JobError)?.message.contains("3 times") == true)
            }
          }
        }
        #expect(fixture.metric("coppice_jobs_dead_total") == 1)
        try await fixture.depth(is: 0)
      }
    }
  }

  /// Answers jobs one by one, up to the one that kills.
  private func work(_ worker: RedisJobSource, dyingOf text: String) async {
    while !Task.isCancelled {
      for job in await worker.take(upTo: 1) {
        #expect(job.attempt > 1)
        #expect(job.bundle == nil)
        if job.text == text { return }
        await worker.complete([(job, job.echo())])
      }
    }
  }

  @Test("have no second outcome by a worker that was frozen while they were taken apart")
  func overtaken() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let answers = try await waiting(fixture)
        let frozen = await fixture.source.take(upTo: Self.count)
        #expect(frozen.count == Self.count)
        let other = fixture.anotherSource()
        try await during {
          await other.echo()
        } _: {
          for answer in answers { _ = try await answer.value }
        }
        let isFirst = await fixture.source.complete(frozen.map { ($0, .failed("late")) })
        #expect(!isFirst.contains(true))
        try await fixture.depth(is: 0)
        #expect(fixture.metric("coppice_jobs_completed_total{outcome=\"done\"}") == Self.count)
      }
    }
  }

  @Test("end each by its own deadline, and each alone where one is no request")
  func mixed() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let late = (0..<50).map { number in
          Task { () async throws(JobError) in
            try await fixture.submit("late \(number)", within: .milliseconds(200))
          }
        }
        let answers = (0..<50).map { fixture.submitting("\($0)") }
        for task in late {
          let error = await #expect(throws: JobError.self) { try await task.value }
          #expect(error?.code == .expired)
        }
        try await during {
          while !Task.isCancelled {
            let jobs = await fixture.source.take(upTo: 8)
            #expect(!jobs.contains { $0.text.hasPrefix("late") })
            await fixture.source.complete(
              jobs.map { ($0, $0.text == "13" ? .dead("unlucky") : $0.echo()) })
          }
        } _: {
          for (index, answer) in answers.enumerated() where index != 13 {
            let text = try await answer.value
            #expect(text == "\(index)!")
          }
          let error = await #expect(throws: JobError.self) { try await answers[13].value }
          #expect(error?.message == "unlucky")
        }
        try await fixture.depth(is: 0)
        let dead = try await fixture.redis.send(["XRANGE", "{coppice}:dead", "-", "+"])
        #expect(dead.elements?.count == 1)
        #expect(dead.elements?.first?.elements?.last?["p"]?.text == "13")
      }
    }
  }

  @Test("find their outcomes among the stored ones when the replies are lost")
  func lostReplies() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let answers = try await waiting(fixture)
        let jobs = await fixture.source.take(upTo: Self.count)
        // The replies are gone before they are read: only the stored outcomes are left.
        _ = try await fixture.redis.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
        await fixture.source.complete(jobs.map { ($0, $0.echo()) })
        for (index, answer) in answers.enumerated() {
          let text = try await answer.value
          #expect(text == "\(index)!")
        }
      }
    }
  }

  @Test("read what they write, and nothing else")
  func form() {
    var random = SystemRandomNumberGenerator()
    let parts = (0..<3).map { number in
      JobBundle.Part(
        id: JobID(using: &random), deadline: Int64.max - Int64(number),
        payload: ByteBuffer(repeating: UInt8(number), count: number * 100))
    }
    let bytes = JobBundle(parts).bytes
    #expect(JobBundle(bytes)?.parts == parts)
    for length in 0..<bytes.readableBytes {
      guard let some = bytes.getSlice(at: 0, length: length) else { continue }
      #expect(JobBundle(some)?.parts.count ?? 0 < 3)
    }
    #expect(JobBundle(JobBundle(Array(repeating: parts[0], count: 17)).bytes) == nil)
    #expect(JobBundle(ByteBuffer(repeating: 0xFF, count: 100)) == nil)
    let outcomes: [JobOutcome] = [.done(ByteBuffer(string: "x")), .expired, .failed("why")]
    let stored = EntryOutcome(outcomes).stored
    #expect(EntryOutcome(stored: stored)?.outcomes == outcomes)
    #expect(EntryOutcome(stored: ByteBuffer(string: "b\u{0}\u{0}\u{0}\u{9}d")) == nil)
    #expect(EntryOutcome(stored: ByteBuffer(string: "s")) == nil)
  }
}
