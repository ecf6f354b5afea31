import Jobs
import NIOCore
import Redis
import Testing
import TestSupport

@Suite("A queue in Redis, when things break", .timeLimit(.minutes(5)))
struct RedisQueueFaultTests {
  @Test("takes over what a dead worker left, one job at a time, and loses nothing")
  func takeOver() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let answer = fixture.submitting("a")
        try await fixture.depth(is: 1)
        try await fixture.takeAndDie()
        try await during {
          await fixture.source.echo()
        } _: {
          let text = try await answer.value
          #expect(text == "a!")
        }
        #expect(fixture.metric("coppice_jobs_taken_over_total") == 1)
        let more = [fixture.submitting("b"), fixture.submitting("c")]
        try await fixture.depth(is: 2)
        try await fixture.takeAndDie()
        let first = await fixture.source.take(upTo: 10)
        #expect(first.count == 1)
        #expect(first.map(\.attempt) == [2])
        await fixture.source.complete(first.map { ($0, $0.echo()) })
        try await during {
          await fixture.source.echo()
        } _: {
          let b = try await more[0].value
          #expect(b == "b!")
          let second = try await more[1].value
          #expect(second == "c!")
        }
        try await fixture.depth(is: 0)
      }
    }
  }

  @Test("refuses the outcome of a worker that was frozen and overtaken")
  func overtaken() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let answer = fixture.submitting("a")
        let frozen = await fixture.source.take(upTo: 1)
        let other = fixture.anotherSource()
        let taken = await other.take(upTo: 1)
        #expect(taken.map(\.id) == frozen.map(\.id))
        #expect(taken.map(\.attempt) == [2])
        #expect(await other.complete([(taken[0], taken[0].echo())]) == [true])
        #expect(await fixture.source.complete([(frozen[0], .failed("late"))]) == [false])
        let text = try await answer.value
        #expect(text == "a!")
      }
    }
  }

  @Test("leaves the jobs of a slow worker with it")
  func heartbeat() async throws {
    try await withRedis { server in
      var configuration = RedisQueueConfiguration.impatient
      // Long enough for a busy machine to beat in time.
      configuration.visibility = .seconds(1)
      try await QueueFixture(server, configuration).run(keepingJobs: true) { fixture in
        let answer = fixture.submitting("a")
        let slow = await fixture.source.take(upTo: 1)
        let other = fixture.anotherSource()
        try await during {
          await other.echo("stolen")
        } _: {
          // Three times as long as a silent worker may keep a job.
          try await Task.sleep(for: fixture.configuration.visibility * 3)
          #expect(await fixture.source.complete([(slow[0], slow[0].echo())]) == [true])
        }
        let text = try await answer.value
        #expect(text == "a!")
        #expect(fixture.metric("coppice_jobs_taken_over_total") == 0)
      }
    }
  }

  @Test("sets a job aside that no worker survives, with its payload, and tells the waiter")
  func poison() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let answer = fixture.submitting("poison")
        let victims = (0..<3).map { _ in fixture.anotherSource() }
        for (index, victim) in victims.enumerated() {
          let jobs = await victim.take(upTo: 10)
          #expect(jobs.map(\.attempt) == [index + 1])
        }
        try await during {
          await fixture.source.echo()
        } _: {
          let error = await #expect(throws: JobError.self) { try await answer.value }
          #expect(error?.code == .failed)
          #expect(error?.message.contains("3 times") == true)
          let text = try await fixture.submit("good")
          #expect(text == "good!")
        }
        let dead = try await fixture.redis.send(["XRANGE", "{coppice}:dead", "-", "+"])
        let record = try #require(dead.elements?.first?.elements?.last)
        #expect(record["p"]?.text == "poison")
        #expect(record["attempts"]?.integer == 3)
        #expect(dead.elements?.count == 1)
        #expect(fixture.metric("coppice_jobs_dead_total") == 1)
        try await fixture.depth(is: 0)
      }
    }
  }

  @Test(
    "sets a damaged entry aside and goes on",
    arguments: [
      ["x", "y"], ["i", "short", "p", "", "d", "1", "r", "a"],
      ["i", "00112233445566778899aabbccddeeff", "d", "1", "r", "a"],
      ["i", "00112233445566778899aabbccddeeff", "p", "", "d", "soon", "r", "a"],
      ["i", "00112233445566778899aabbccddeeff", "p", "", "d", "1", "r", "a}:*"],
    ])
  func damaged(fields: [String]) async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let entry = try await fixture.redis.send(
          RedisCommand(["XADD", "{coppice}:jobs:interactive", "*"] + fields.map { .text($0) }))
        try await during {
          await fixture.source.echo()
        } _: {
          let text = try await fixture.submit("good")
          #expect(text == "good!")
        }
        try await fixture.depth(is: 0)
        let dead = try await fixture.redis.send(["XRANGE", "{coppice}:dead", "-", "+"])
        let record = try #require(dead.elements?.first?.elements?.last)
        #expect(record["entry"] == entry)
        #expect(record["reason"]?.text?.hasPrefix("the job is damaged") == true)
        #expect(record[fields[0]]?.text == fields[1])
        #expect(fixture.metric("coppice_jobs_dead_total") == 1)
      }
    }
  }

  @Test("loses nothing when Redis is killed and comes back, and fails at once in between")
  func restart() async throws {
    try await withRedis(options: ["--appendonly", "yes", "--appendfsync", "always"]) { server in
      try await QueueFixture(server).run { fixture in
        try await withThrowingTaskGroup(of: Bool.self) { group in
          for index in 0..<300 {
            group.addTask {
              try await fixture.submit("\(index)", within: .seconds(40)) == "\(index)!"
            }
          }
          try await fixture.depth(is: 300)
          let taken = await fixture.source.take(upTo: 50)
          await server.kill()
          try await until { !fixture.redis.isConnected }
          let time = await ContinuousClock().measure {
            let error = await #expect(throws: JobError.self) { try await fixture.submit("x") }
            #expect(error?.code == .unavailable)
          }
          #expect(time < .milliseconds(100))
          async let committed = fixture.source.complete(taken.map { ($0, $0.echo()) })
          try await server.start()
          #expect(await committed == [Bool](repeating: true, count: taken.count))
          try await during {
            await fixture.source.echo()
          } _: {
            for try await isRight in group { #expect(isRight) }
          }
        }
        try await fixture.depth(is: 0)
        #expect(fixture.metric("coppice_jobs_completed_total{outcome=\"done\"}") == 300)
      }
    }
  }

  @Test("says that a foreign value stands under one of its keys, and goes on beside it")
  func foreignValues() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        let job = DurableJob(deadline: .after(.seconds(60)))
        let foreign = try await fixture.queue.accept(
          job, payload: ByteBuffer(string: "a"), rows: 1
        ).id
        _ = try await fixture.redis.send(["SET", "{coppice}:job:\(foreign)", "what is this"])
        let error = await #expect(throws: JobError.self) {
          try await fixture.queue.record(of: foreign)
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("WRONGTYPE") == true)
        let good = try await fixture.queue.accept(job, payload: ByteBuffer(string: "b"), rows: 1).id
        try await during {
          await fixture.source.echo()
        } _: {
          let record = await fixture.queue.end(of: good, by: .after(.seconds(20)))
          #expect(record?.state == .done)
          // The entry of the other one is given out in vain a few times, and then set aside.
          try await until {
            try await fixture.redis.send(["XLEN", "{coppice}:dead"]).integer != 0
          }
        }
        // A hash that is no record is none.
        _ = try await fixture.redis.send(["DEL", "{coppice}:job:\(foreign)"])
        _ = try await fixture.redis.send(["HSET", "{coppice}:job:\(foreign)", "state", "lost"])
        let damaged = await #expect(throws: JobError.self) {
          try await fixture.queue.record(of: foreign)
        }
        #expect(damaged?.code == .unknown)
      }
    }
  }

  @Test("finds jobs again that were given out over a connection that broke")
  func lostOnTheWay() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        try await during {
          await fixture.source.echo()
        } _: {
          let first = try await fixture.submit("a")
          #expect(first == "a!")
          let answer = fixture.submitting("b")
          // Redis gives the job to this very worker, but the answer goes elsewhere.
          try await fixture.takeAndDie(fixture.source.consumer)
          _ = try await fixture.redis.send(
            [
              "CLIENT", "KILL", "ID",
              .integer(try await clientID(fixture.source.consumer, fixture)),
            ]
          )
          let text = try await answer.value
          #expect(text == "b!")
        }
      }
    }
  }

  @Test("loses no reply when the connection that reads them breaks")
  func replyReader() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        for losesStream in [false, true] {
          let answer = fixture.submitting("a")
          let jobs = await fixture.source.take(upTo: 1)
          let id = try await clientID("coppice-replies", fixture)
          // Both steps as one, so that the reader cannot come back in between.
          var steps: [RedisCommand] = [["MULTI"], ["CLIENT", "KILL", "ID", .integer(id)]]
          steps.append([
            "SET", "{coppice}:result:\(jobs[0].id)", "da!", "PX", 10_000,
          ])
          if !losesStream {
            steps.append([
              "XADD", "{coppice}:replies:\(try await replyTo(fixture))", "*", "i",
              "\(jobs[0].id)", "r", "da!",
            ])
          }
          steps.append(["EXEC"])
          _ = try await fixture.redis.send(steps)
          let text = try await answer.value
          #expect(text == "a!")
          #expect(await fixture.source.complete([(jobs[0], jobs[0].echo())]) == [false])
        }
      }
    }
  }

  @Test("starts again by itself when Redis was flushed")
  func flushed() async throws {
    try await withRedis { server in
      try await QueueFixture(server, .impatient).run { fixture in
        try await during {
          await fixture.source.echo()
        } _: {
          for index in 0..<5 {
            let text = try await fixture.submit("\(index)")
            #expect(text == "\(index)!")
            _ = try await fixture.redis.send(["FLUSHALL"])
          }
        }
      }
    }
  }

  @Test("says why Redis refuses, and works again when it does not")
  func refusals() async throws {
    try await withRedis { server in
      try await QueueFixture(server).run { fixture in
        let faults: [(String, break: [RedisCommand], repair: [RedisCommand])] = [
          (
            "OOM", [["CONFIG", "SET", "maxmemory", "1"]], [["CONFIG", "SET", "maxmemory", "0"]]
          ),
          (
            "READONLY", [["REPLICAOF", "127.0.0.1", .integer(try freePort())]],
            [["REPLICAOF", "NO", "ONE"]]
          ),
          (
            "WRONGTYPE", [["SET", "{coppice}:jobs:interactive", "foreign"]],
            [["DEL", "{coppice}:jobs:interactive"]]
          ),
        ]
        for fault in faults {
          for command in fault.break { _ = try await fixture.redis.send(command) }
          try await during {
            await fixture.source.echo()
          } _: {
            let error = await #expect(throws: JobError.self) { try await fixture.submit("a") }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains(fault.0) == true, "\(error?.message ?? "")")
            for command in fault.repair { _ = try await fixture.redis.send(command) }
            let text = try await fixture.submit("b")
            #expect(text == "b!")
          }
          _ = try await fixture.redis.send(["DEL", "{coppice}:jobs:interactive"])
        }
      }
    }
  }

  @Test("says that the password is wrong")
  func wrongPassword() async throws {
    try await withRedis(password: "hunter2") { server in
      var configuration = try RedisConfiguration(url: server.url)
      configuration.password = Secret("guess")
      let redis = RedisClient(configuration, logger: .quiet)
      let fixture = try QueueFixture(server)
      let queue = RedisJobQueue(redis, metrics: fixture.metrics, logger: .quiet)
      try await withServices([redis, queue]) {
        var message = ""
        while !message.contains("WRONGPASS") {
          try Task.checkCancellation()
          do throws(JobError) {
            _ = try await queue.submit(ByteBuffer(), deadline: .after(.seconds(5)))
            Issue.record("the job was accepted")
          } catch {
            #expect(error.code == .unavailable)
            #expect(!error.message.contains("guess"))
            message = error.message
          }
        }
      }
    }
  }

  private func clientID(_ name: String, _ fixture: QueueFixture) async throws -> Int {
    while true {
      try Task.checkCancellation()
      let list = try await fixture.redis.send(["CLIENT", "LIST"]).text ?? ""
      for line in list.split(separator: "\n") where line.contains("name=\(name) ") {
        if let id = line.split(separator: " ").first?.dropFirst(3) { return Int(id) ?? 0 }
      }
    }
  }

  /// The server that the last job names.
  private func replyTo(_ fixture: QueueFixture) async throws -> String {
    let last = try await fixture.redis.send(
      ["XREVRANGE", "{coppice}:jobs:interactive", "+", "-", "COUNT", 1])
    return try #require(last.elements?.first?.elements?.last?["r"]?.text)
  }
}
