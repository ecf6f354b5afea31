import Foundation
import Jobs
import NIOCore
import Redis
import Testing
import TestSupport

@Suite("A queue in Redis", .timeLimit(.minutes(5)))
struct RedisQueueTests {
  @Test("brings a job to a worker and its answer back, whatever bytes they are")
  func roundTrip() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let payload = ByteBuffer(bytes: (0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
        async let answer = fixture.queue.submit(payload, deadline: .after(.seconds(10)))
        let jobs = await fixture.source.take(upTo: 10)
        #expect(jobs.map(\.payload) == [payload])
        #expect(jobs.map(\.attempt) == [1])
        #expect(await fixture.source.complete([(jobs[0], .done(payload))]) == [true])
        let bytes = try await answer
        #expect(bytes == payload)
        let failure = fixture.submitting("b")
        let more = await fixture.source.take(upTo: 10)
        await fixture.source.complete([(more[0], .failed("no such model"))])
        let error = await #expect(throws: JobError.self) { try await failure.value }
        #expect(error == JobError(.failed, "no such model"))
      }
    }
  }

  /// A thousand, or as `make chaos` has it ten thousand.
  private static let waiterCount =
    ProcessInfo.processInfo.environment["COPPICE_CHAOS"] == nil ? 1_000 : 10_000

  @Test("takes what waits while it commits, and commits all when it is time to stop")
  func completingOnTheWay() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let first = [fixture.submitting("a"), fixture.submitting("b")]
        try await fixture.depth(is: 2)
        let jobs = await fixture.source.take(upTo: 10)
        #expect(Set(jobs.map(\.text)) == ["a", "b"])
        let second = [fixture.submitting("c"), fixture.submitting("d")]
        try await fixture.depth(is: 4)
        let more = await fixture.source.take(
          upTo: 10, completing: jobs.map { ($0, $0.echo()) })
        #expect(Set(more.map(\.text)) == ["c", "d"])
        let texts = try await [first[0].value, first[1].value]
        #expect(texts == ["a!", "b!"])
        let stopping = Task { [source = fixture.source] in
          withUnsafeCurrentTask { $0?.cancel() }
          return await source.take(upTo: 10, completing: more.map { ($0, $0.echo()) })
        }
        #expect(await stopping.value.isEmpty)
        let others = try await [second[0].value, second[1].value]
        #expect(others == ["c!", "d!"])
        try await fixture.depth(is: 0)
      }
    }
  }

  @Test("gives each of many waiters its own answer, with two workers, and tidies up")
  func manyWaiters() async throws {
    var configuration = RedisQueueConfiguration()
    configuration.maximumDepth = 20_000
    try await withRedis { [configuration] server in
      try await QueueFixture(server, configuration).run(keepingJobs: true) { fixture in
        let count = Self.waiterCount
        let other = fixture.anotherSource()
        try await during {
          async let first: Void = fixture.source.echo("?")
          async let second: Void = other.echo("?")
          _ = await (first, second)
        } _: {
          try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<count {
              group.addTask { try await fixture.submit("\(index)") == "\(index)?" }
            }
            for try await isRight in group { #expect(isRight) }
          }
        }
        try await fixture.depth(is: 0)
        #expect(fixture.metric("coppice_jobs_enqueued_total") == count)
        #expect(fixture.metric("coppice_jobs_taken_total") == count)
        #expect(fixture.metric("coppice_jobs_completed_total{outcome=\"done\"}") == count)
        let length =
          try await fixture.redis.send(["XLEN", "{coppice}:jobs:interactive"]).integer ?? .max
        #expect(length < 200)
        for key in try await fixture.redis.send(["KEYS", "*"]).elements ?? [] {
          let name = try #require(key.text)
          let lifetime = try await fixture.redis.send(["PTTL", .text(name)]).integer ?? 0
          #expect(lifetime > 0 || name.hasPrefix("{coppice}:jobs:"), "\(name) has no lifetime")
        }
      }
    }
  }

  @Test("never computes a job whose deadline has passed")
  func expired() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let error = await #expect(throws: JobError.self) {
          try await fixture.submit("late", within: .milliseconds(100))
        }
        #expect(error?.code == .expired)
        let answer = fixture.submitting("in time")
        let jobs = await fixture.source.take(upTo: 10)
        #expect(jobs.map(\.text) == ["in time"])
        await fixture.source.complete([(jobs[0], jobs[0].echo())])
        let text = try await answer.value
        #expect(text == "in time!")
        #expect(fixture.metric("coppice_jobs_completed_total{outcome=\"expired\"}") == 1)
        try await fixture.depth(is: 0)
      }
    }
  }

  @Test("refuses a deadline that has passed and a payload that is too large")
  func refused() async throws {
    try await withRedis { server in
      var configuration = RedisQueueConfiguration()
      configuration.maximumPayloadSize = 10
      try await QueueFixture(server, configuration).run { fixture in
        let late = await #expect(throws: JobError.self) {
          try await fixture.submit("a", within: .zero)
        }
        #expect(late?.code == .expired)
        let large = await #expect(throws: JobError.self) {
          try await fixture.submit("eleven bytes")
        }
        #expect(large?.code == .tooLarge)
        let count = try await fixture.redis.send(["DBSIZE"])
        #expect(count.integer == 0)
      }
    }
  }

  @Test("is full when as many jobs wait and run as may, and not when they are finished")
  func full() async throws {
    try await withRedis { server in
      var configuration = RedisQueueConfiguration()
      configuration.maximumDepth = 3
      try await QueueFixture(server, configuration).run { fixture in
        for index in 0..<10 {
          let answer = fixture.submitting("\(index)")
          let jobs = await fixture.source.take(upTo: 1)
          await fixture.source.complete([(jobs[0], jobs[0].echo())])
          let text = try await answer.value
          #expect(text == "\(index)!")
        }
        let a = fixture.submitting("a")
        let b = fixture.submitting("b")
        let c = fixture.submitting("c")
        try await fixture.depth(is: 3)
        let running = await fixture.source.take(upTo: 2)
        let error = await #expect(throws: JobError.self) { try await fixture.submit("d") }
        #expect(error?.code == .full)
        #expect(error?.retryAfter == .seconds(1))
        await fixture.source.complete(running.map { ($0, $0.echo()) })
        let e = fixture.submitting("e")
        try await during {
          await fixture.source.echo()
        } _: {
          for answer in [a, b, c, e] {
            let text = try await answer.value
            #expect(text.hasSuffix("!"))
          }
        }
      }
    }
  }

  @Test("stops waiting when the task is cancelled")
  func cancellation() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let waiting = Task { () async throws(JobError) in try await fixture.submit("a") }
        try await fixture.depth(is: 1)
        waiting.cancel()
        let error = await #expect(throws: JobError.self) { try await waiting.value }
        #expect(error?.code == .cancelled)
        let late = Task { () async throws(JobError) in
          withUnsafeCurrentTask { $0?.cancel() }
          return try await fixture.submit("b")
        }
        let other = await #expect(throws: JobError.self) { try await late.value }
        #expect(other?.code == .cancelled)
      }
    }
  }

  @Test("never computes a job whose caller hung up while it waited")
  func hangUp() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let waiting = (0..<20).map { fixture.submitting("\($0)") }
        try await fixture.depth(is: 20)
        for task in waiting.dropLast() { task.cancel() }
        for task in waiting.dropLast() {
          await #expect(throws: JobError.self) { try await task.value }
        }
        try await until {
          fixture.metric("coppice_jobs_completed_total{outcome=\"cancelled\"}") >= 19
        }
        let taken = await fixture.source.take(upTo: 32)
        #expect(taken.map(\.text) == ["19"])
        await fixture.source.complete(taken.map { ($0, $0.echo()) })
        let answer = try await waiting[19].value
        #expect(answer == "19!")
        try await fixture.depth(is: 0)
      }
    }
  }

  @Test("refuses a second outcome")
  func secondOutcome() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let answer = fixture.submitting("a")
        let jobs = await fixture.source.take(upTo: 1)
        let both: [(job: Job, outcome: JobOutcome)] = [
          (jobs[0], .done(ByteBuffer(string: "first"))),
          (jobs[0], .done(ByteBuffer(string: "second"))),
        ]
        #expect(await fixture.source.complete(both) == [true, false])
        #expect(await fixture.source.complete([(jobs[0], .failed("third"))]) == [false])
        let text = try await answer.value
        #expect(text == "first")
        #expect(fixture.metric("coppice_jobs_duplicate_total") == 2)
      }
    }
  }

  @Test("keeps an outcome until shortly after its deadline, and takes none after that")
  func lifetime() async throws {
    try await withRedis { server in
      var configuration = RedisQueueConfiguration()
      configuration.resultGrace = .milliseconds(50)
      try await QueueFixture(server, configuration).run { fixture in
        let answer = Task { try await fixture.submit("a", within: .seconds(4)) }
        let job = try #require(await fixture.source.take(upTo: 1).first)
        #expect(await fixture.source.complete([(job, job.echo())]) == [true])
        let text = try await answer.value
        #expect(text == "a!")
        let key = RedisCommand.Argument.text("{coppice}:result:\(job.id)")
        let left = try await fixture.redis.send(["PTTL", key]).integer ?? 0
        #expect(1...4050 ~= left)
        try await until { try await fixture.redis.send(["EXISTS", key]).integer == 0 }
        #expect(job.deadline.hasPassed)
        #expect(await fixture.source.complete([(job, .failed("late"))]) == [false])
        #expect(try await fixture.redis.send(["EXISTS", key]).integer == 0)
        // One that nobody has finished: its worker was frozen all the while.
        let unanswered = Task { try await fixture.submit("b", within: .seconds(4)) }
        let frozen = try #require(await fixture.source.take(upTo: 1).first)
        let error = await #expect(throws: JobError.self) { try await unanswered.value }
        #expect(error?.code == .expired)
        try await until {
          Deadline.now.unixMilliseconds >= frozen.deadline.unixMilliseconds + 100
        }
        #expect(await fixture.source.complete([(frozen, frozen.echo())]) == [false])
        #expect(try await fixture.redis.send(["KEYS", "*result*"]) == .array([]))
        #expect(fixture.metric("coppice_jobs_duplicate_total") == 2)
        try await fixture.depth(is: 0)
      }
    }
  }

  @Test("ends a worker's wait when it is told to stop, and forgets the worker")
  func stop() async throws {
    try await withRedis { server in
      var configuration = RedisQueueConfiguration()
      configuration.blockTime = .seconds(20)
      let fixture = try QueueFixture(server, configuration)
      try await fixture.run { fixture in
        let told = try await withServices([fixture.source, Echo(source: fixture.source)]) {
          _ = try await fixture.submit("a")
          return ContinuousClock.now
        }
        // Far less than the time for which an idle read blocks.
        #expect(told.duration(to: .now) < .seconds(10))
        let consumers = try await fixture.redis.send(
          ["XINFO", "CONSUMERS", "{coppice}:jobs:interactive", "workers"])
        #expect(consumers == .array([]))
      }
    }
  }

  @Test("needs no more rights than docs/jobs.md says")
  func accessControl() async throws {
    let commands =
      "hello auth client|setname client|unblock select evalsha eval xadd xack xlen xrange xread "
      + "xreadgroup xpending xclaim xtrim xgroup xinfo xrevrange set get setbit incrby mget exists "
      + "pexpire pexpireat pttl "
      + "unlink multi exec time hset hsetnx hget hgetall hmget hexists hdel hincrby zadd zrem zrangebylex "
      + "zrangebyscore"
    try await withRedis { server in
      var configuration = RedisQueueConfiguration()
      configuration.visibility = .milliseconds(90)
      try await QueueFixture(server).run { fixture in
        let rights = commands.split(separator: " ").map { RedisCommand.Argument.text("+\($0)") }
        _ = try await fixture.redis.send(
          RedisCommand(["ACL", "SETUSER", "limited", "on", ">secret", "~{coppice}:*"] + rights))
      }
      let user = "redis://limited:secret@127.0.0.1:\(server.port)"
      let limited = try QueueFixture(server, configuration, url: user)
      try await limited.run { fixture in
        let answer = fixture.submitting("a")
        // Nobody keeps these jobs, so they are taken over.
        let silent = fixture.anotherSource()
        #expect(await silent.take(upTo: 1).count == 1)
        try await withServices([fixture.source, Echo(source: fixture.source)]) {
          let text = try await answer.value
          #expect(text == "a!")
          for index in 0..<100 { _ = try await fixture.submit("\(index)") }
        }
      }
      try await QueueFixture(server).run { fixture in
        let log = try await fixture.redis.send(["ACL", "LOG"])
        #expect(log == .array([]))
      }
    }
  }
}
