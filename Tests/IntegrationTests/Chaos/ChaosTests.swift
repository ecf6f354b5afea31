import Foundation
import TestSupport
import Testing

/// What is done to the queue, and what it may cost: nothing that was accepted.
@Suite("When everything breaks", .serialized, .timeLimit(.minutes(30)))
struct ChaosTests {
  private static let rounds = ChaosStack.rounds

  @Test("workers are killed in the middle of jobs")
  func killedWorkers() async throws {
    try await ChaosStack.run { stack in
      try await stack.underLoad {
        for _ in 0..<3 * Self.rounds {
          try await stack.accepted(40)
          stack.kill(stack.workers[0])
          try await stack.startWorker()
        }
      }
      try await stack.checkPromises("kill -9 of a worker", times: 3 * Self.rounds)
    }
  }

  @Test("a worker is killed when it has computed and not yet committed")
  func killedBeforeCommit() async throws {
    try await ChaosStack.run(workers: 1) { stack in
      let times = 3 * Self.rounds
      try await stack.underLoad {
        for _ in 0..<times {
          try await stack.accepted(20)
          let before = stack.proxy.holds
          // How the outcome of a computed piece begins.
          stack.proxy.hold("\r\n$4\r\ndone\r\n")
          try await stack.until("a commit") { stack.proxy.holds > before }
          stack.kill(stack.workers[0])
          stack.proxy.dropHeld()
          let next = try await stack.startWorker()
          // It computes again what the other one had computed.
          #expect(await next.logged("took over a job") != nil)
        }
      }
      try await stack.checkPromises("kill -9 between compute and commit", times: times)
    }
  }

  @Test("clocks differ by five seconds, each way", .enabled(if: ClockSkew.isPossible))
  func clockSkew() async throws {
    try await ChaosStack.run(servers: 0, workers: 0) { stack in
      for skew in [5, -5] {
        try await stack.startServer(
          environment: ClockSkew.environment(seconds: skew), launcher: ClockSkew.launcher)
      }
      // No worker yet: the job ends when its own time is up, not five seconds sooner or later.
      for server in stack.servers {
        let start = ContinuousClock.now
        let job = try await server.post("/api/jobs?timeout=2", ChaosStack.row)
        let end = try await server.get((job.headers["location"] ?? "") + "?wait=20s")
        #expect(end.json["status"] as? String == "expired")
        #expect(.seconds(1)...(.seconds(6)) ~= start.duration(to: .now))
      }
      for skew in [-5, 5] {
        try await stack.startWorker(
          environment: ClockSkew.environment(seconds: skew), launcher: ClockSkew.launcher)
      }
      for round in 0..<20 * Self.rounds {
        // A deadline nearer than the clocks are to each other.
        let server = stack.servers[round % 2]
        let reply = try await server.post(
          "/api/predict", ChaosStack.row, headers: ["Prefer": "wait=4"])
        #expect(reply.text == ChaosStack.answer)
      }
      try await stack.underLoad { try await stack.accepted(100 * Self.rounds) }
      try await stack.checkPromises("clocks 5 s ahead and 5 s behind", times: 4)
    }
  }

  @Test("servers are killed while clients post and wait")
  func killedServers() async throws {
    try await ChaosStack.run { stack in
      try await stack.underLoad {
        for _ in 0..<2 * Self.rounds {
          try await stack.accepted(40)
          let victim = stack.servers[0]
          victim.process.signal(SIGKILL)
          stack.withdraw(victim)
          try await stack.startServer()
        }
      }
      try await stack.checkPromises("kill -9 of a server", times: 2 * Self.rounds)
    }
  }

  @Test("Redis is killed while a thousand jobs wait")
  func killedRedis() async throws {
    try await ChaosStack.run(workers: 0) { stack in
      for _ in 0..<Self.rounds {
        try await stack.underLoad(clients: 16) { try await stack.accepted(1000) }
        await stack.redis.kill()
        try await stack.redis.start()
        try await stack.startWorker()
        try await stack.underLoad { try await stack.accepted(20) }
        try await stack.checkPromises("kill -9 of Redis, 1,000 jobs waiting", times: Self.rounds)
        stack.kill(stack.workers[0])
      }
    }
  }

  @Test("a worker is frozen for longer than it may be silent, and wakes up")
  func frozenWorker() async throws {
    try await ChaosStack.run { stack in
      try await stack.underLoad {
        for _ in 0..<Self.rounds {
          try await stack.accepted(40)
          let frozen = stack.workers[0]
          frozen.signal(SIGSTOP)
          // Three times the visibility of one second; the other worker takes over what it had.
          try await Task.sleep(for: .seconds(3))
          frozen.signal(SIGCONT)
          try await stack.accepted(20)
        }
      }
      try await stack.checkPromises("SIGSTOP for 3 leases, then SIGCONT", times: Self.rounds)
    }
  }

  @Test("connections to Redis are reset in the middle of an answer")
  func resets() async throws {
    try await ChaosStack.run { stack in
      try await stack.underLoad {
        for round in 0..<10 * Self.rounds {
          try await stack.accepted(10)
          let before = stack.proxy.resets
          stack.proxy.resetWithin(bytes: 1 + round * 37 % 400)
          let limit = ContinuousClock.now + .seconds(20)
          while stack.proxy.resets == before, ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(5))
          }
        }
      }
      #expect(stack.proxy.resets >= 10 * Self.rounds)
      try await stack.checkPromises("connection reset in a reply", times: 10 * Self.rounds)
    }
  }

  @Test("the network between everything and Redis is cut")
  func cutNetwork() async throws {
    try await ChaosStack.run { stack in
      try await stack.underLoad {
        for _ in 0..<Self.rounds {
          try await stack.accepted(40)
          stack.proxy.cut()
          // Longer than the two seconds that a command may take, so that both sides give up.
          try await Task.sleep(for: .seconds(4))
          stack.proxy.heal()
          try await stack.accepted(20)
        }
      }
      try await stack.checkPromises("network cut for 4 s", times: Self.rounds)
    }
  }

  @Test(
    "the cable between everything and Redis is pulled",
    .enabled(
      if: NetworkNamespace.isPossible, "needs Linux, root and the right to make networks (ip netns)"
    ))
  func pulledCable() async throws {
    let network = try NetworkNamespace()
    defer { network.remove() }
    try await ChaosStack.run(in: network) { stack in
      try await stack.underLoad {
        for _ in 0..<Self.rounds {
          try await stack.accepted(40)
          try network.cut()
          try await Task.sleep(for: .seconds(4))
          try network.heal()
          try await stack.accepted(20)
        }
      }
      try await stack.checkPromises("network namespace cut off for 4 s", times: Self.rounds)
    }
  }

  struct Refusal: CustomTestStringConvertible {
    let testDescription: String
    let begin: [String]
    let end: [String]
  }

  static let refusals = [
    Refusal(
      testDescription: "Redis full (noeviction)", begin: ["CONFIG", "SET", "maxmemory", "1"],
      end: ["CONFIG", "SET", "maxmemory", "0"]),
    Refusal(
      testDescription: "Redis a read-only replica", begin: ["REPLICAOF", "127.0.0.1", "1"],
      end: ["REPLICAOF", "NO", "ONE"]),
  ]

  @Test("Redis takes nothing", arguments: refusals)
  func refusingRedis(refusal: Refusal) async throws {
    try await ChaosStack.run { stack in
      try await stack.underLoad {
        for _ in 0..<Self.rounds {
          try await stack.accepted(40)
          try stack.redis.command(refusal.begin)
          let before = stack.refusedCount
          let limit = ContinuousClock.now + .seconds(20)
          while stack.refusedCount < before + 20, ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(5))
          }
          #expect(stack.refusedCount >= before + 20)
          try stack.redis.command(refusal.end)
          try await stack.accepted(20)
        }
      }
      try await stack.checkPromises(refusal.testDescription, times: Self.rounds)
    }
  }

  @Test("Redis is flushed: what was there is gone, and everything goes on")
  func flushed() async throws {
    try await ChaosStack.run { stack in
      let server = stack.servers[0]
      for _ in 0..<Self.rounds {
        let before = try await server.post("/api/jobs", ChaosStack.row)
        try stack.redis.command(["FLUSHALL"])
        let gone = try await server.get(before.headers["location"] ?? "")
        #expect(gone.status == 404)
        let after = try await server.post("/api/jobs", ChaosStack.row)
        let done = try await server.get((after.headers["location"] ?? "") + "?wait=30s")
        #expect(done.json["status"] as? String == "done")
        #expect(try await server.post("/api/predict", ChaosStack.row).text == ChaosStack.answer)
      }
      print("chaos | FLUSHALL | \(Self.rounds) | - | all that was there, by order |")
    }
  }

  @Test("everything is told to stop in turn, under load, and no request fails")
  func rollingStop() async throws {
    try await ChaosStack.run { stack in
      let failures = Failures()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            while !Task.isCancelled {
              guard let server = stack.servers.first else { return }
              await failures.count { try await server.post("/api/predict", ChaosStack.row) }
            }
          }
        }
        defer { group.cancelAll() }
        for _ in 0..<Self.rounds {
          for worker in stack.workers {
            try await stack.startWorker()
            stack.withdraw(worker)
            worker.signal(SIGTERM)
            #expect(await worker.exitCode() == 0)
            try await failures.untilAnswered(25)
          }
          for server in stack.servers {
            try await stack.startServer()
            // As a load balancer does: first out of sight, then the requests under way, then the end.
            stack.withdraw(server)
            try await failures.untilIdle()
            server.process.signal(SIGTERM)
            #expect(await server.process.exitCode() == 0)
            try await failures.untilAnswered(25)
          }
        }
      }
      let (count, failed) = await failures.counts
      #expect(failed.isEmpty, "\(failed.prefix(3))")
      #expect(count >= 100 * Self.rounds)
      print(
        "chaos | SIGTERM of everything in turn | \(4 * Self.rounds) | \(count) | \(failed.count) |")
    }
  }

  @Test("nothing grows: memory is flat and every key has a lifetime")
  func soak() async throws {
    try await ChaosStack.run { stack in
      let seconds = Self.rounds == 1 ? 3 : 60 * Self.rounds
      var sizes: [Int] = []
      try await stack.underLoad(clients: 4) {
        try await stack.accepted(200)
      }
      let first = try stack.memory()
      try await stack.underLoad(clients: 4) { try await Task.sleep(for: .seconds(seconds)) }
      sizes = try stack.memory()
      for (before, after) in zip(first, sizes) {
        // Twice and 64 MB are noise of allocators; a leak of what a job holds would be far more.
        #expect(after < before * 2 + (64 << 20))
      }
      // The streams of jobs themselves stay, and are trimmed.
      let eternal = try stack.redis.command([
        "EVAL",
        """
        local found = {}
        for _, key in ipairs(redis.call('KEYS', '*')) do
          if redis.call('PTTL', key) == -1 and not string.find(key, ':jobs:') then
            found[#found + 1] = key
          end
        end
        return found
        """, "0",
      ])
      #expect(eternal.isEmpty, "without a lifetime: \(eternal.prefix(200))")
      try await stack.checkPromises("soak of \(seconds) s", times: 1)
    }
  }
}

/// Counts requests, and those that failed.
private actor Failures {
  private var count = 0
  private var failed: [String] = []
  private var underway: [Int: ContinuousClock.Instant] = [:]

  var counts: (Int, [String]) { (count, failed) }

  func count(_ request: @Sendable () async throws -> CoppiceServer.Reply) async {
    count += 1
    let number = count
    underway[number] = .now
    do {
      let reply = try await request()
      if reply.text != ChaosStack.answer { failed.append("\(reply.status) \(reply.text)") }
    } catch {
      if !Task.isCancelled { failed.append("\(error)") }
    }
    underway[number] = nil
  }

  /// Waits until so many more requests were answered.
  func untilAnswered(_ more: Int) async throws {
    let wanted = count - underway.count + more
    while count - underway.count < wanted { try await Task.sleep(for: .milliseconds(2)) }
  }

  /// Waits for the end of the requests that are under way now.
  func untilIdle() async throws {
    let now = ContinuousClock.now
    while underway.values.contains(where: { $0 <= now }) {
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}

extension ChaosStack {
  /// The resident bytes of every server and worker.
  func memory() throws -> [Int] {
    try (servers.map(\.process) + workers).map { process in
      let text = try String(contentsOfFile: "/proc/\(process.pid)/statm", encoding: .utf8)
      return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }
  }
}

extension RedisServer {
  /// Sends a command with `redis-cli`.
  @discardableResult
  func command(_ words: String...) throws -> String { try command(words) }

  /// Sends a command with `redis-cli`.
  @discardableResult
  func command(_ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["redis-cli", "-h", host, "-p", "\(port)"] + words
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}
