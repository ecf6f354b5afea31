import Foundation
import TestSupport
import Testing

@Suite("Serving through the queue")
struct QueueTests {
  static let body = "{\"data\":[5.9,3.2,4.8,1.8]}"
  static let answer = "{\"name\":\"versicolor\",\"prediction\":1}"

  /// A Redis, a server in front of it, and workers, for the time of the closure.
  static func withStack(
    workers count: Int, arguments: [String] = [],
    _ body: (RedisServer, CoppiceServer, [CoppiceProcess], URL) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let root = try IrisRepository(in: folder).root
      try await withRedis { redis in
        let url = redis.url
        try await withCoppiceServer([root.path, "--redis", url] + arguments) { server in
          _ = await server.process.logged("connected to Redis")
          let workers = try await (0..<count).asyncMap { _ in
            try await startWorker(root, redis: url)
          }
          try await body(redis, server, workers, root)
          for worker in workers { worker.signal(SIGTERM) }
          for worker in workers {
            let code = await worker.exitCode()
            #expect(code == 0 || code == 128 + SIGKILL)
          }
        }
      }
    }
  }

  static func startWorker(_ root: URL, redis url: String) async throws -> CoppiceProcess {
    let worker = try CoppiceProcess(["worker", root.path, "--redis", url, "--visibility", "1"])
    guard await worker.logged("connected to Redis") != nil else {
      throw SupportError("coppice worker did not start: \(worker.lines.map(\.message))")
    }
    return worker
  }

  @Test("answers in order what comes on a connection while its first request waits")
  func pipelining() async throws {
    try await Self.withStack(workers: 0) { redis, server, _, root in
      let connection = try RawConnection(port: server.port)
      try connection.send(ConnectionTests.post())
      try await until {
        try await server.get("/metrics").text.contains("coppice_jobs_enqueued_total 1")
      }
      let wrong = "{\"data\":[1]}"
      for body in [wrong, Self.body, wrong, Self.body] {
        let request = ConnectionTests.post(body)
        try connection.send(String(request.prefix(30)))
        try connection.send(String(request.dropFirst(30)))
      }
      let worker = try await Self.startWorker(root, redis: redis.url)
      let text = connection.read(until: [
        Self.answer, "invalid_request", Self.answer, "invalid_request", Self.answer,
      ])
      #expect(
        text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
          == ["200", "400", "200", "400", "200"])
      worker.signal(SIGTERM)
      #expect(await worker.exitCode() == 0)
    }
  }

  @Test("gives the answers that the server alone gives, errors included")
  func sameAnswers() async throws {
    let bodies = [
      Self.body, "{\"data\":[[5.9,3.2,4.8,1.8],[6.3,3.3,6.0,2.5],[5.1,null,1.4,0.2]]}",
      "{\"data\":{\"petal_width\":1.8}}", "{\"data\":[1,2]}", "{}", "",
    ]
    try await withIrisServer { alone in
      try await Self.withStack(workers: 2) { _, queued, _, _ in
        for body in bodies {
          for path in ["/api/predict", "/api/predict?probabilities=true", "/api/predict?model=x"] {
            let id = ["X-Request-Id": "same"]
            let expected = try await alone.post(path, body, headers: id)
            let found = try await queued.post(path, body, headers: id)
            #expect(found.status == expected.status)
            #expect(found.text == expected.text)
          }
        }
      }
    }
  }

  @Test("loses no answer when workers are killed in the middle of the work")
  func killedWorkers() async throws {
    try await Self.withStack(workers: 3) { redis, server, workers, root in
      var successor: CoppiceProcess?
      defer { successor?.signal(SIGKILL) }
      let replies = try await withThrowingTaskGroup(of: CoppiceServer.Reply.self) { group in
        var replies: [CoppiceServer.Reply] = []
        var sent = 0
        func send() {
          sent += 1
          group.addTask { try await server.post("/api/predict", Self.body) }
        }
        for _ in 0..<32 { send() }
        while let reply = try await group.next() {
          replies.append(reply)
          if sent < 1500 { send() }
          // Two of the three die while requests are under way; another takes their place.
          if replies.count == 300 { workers[0].signal(SIGKILL) }
          if replies.count == 600 { workers[1].signal(SIGKILL) }
          if replies.count == 900 { successor = try await Self.startWorker(root, redis: redis.url) }
        }
        return replies
      }
      #expect(replies.count == 1500)
      #expect(replies.allSatisfy { $0.status == 200 && $0.text == Self.answer })
    }
  }

  @Test("answers 504 at the deadline when there is no worker, and the late job is not computed")
  func noWorker() async throws {
    try await Self.withStack(workers: 0) { redis, server, _, root in
      let reply = try await server.post(
        "/api/predict", Self.body, headers: ["Prefer": "wait=1"])
      #expect(reply.status == 504)
      #expect(reply.headers["content-type"] == "application/problem+json")
      let worker = try await Self.startWorker(root, redis: redis.url)
      let next = try await server.post("/api/predict", Self.body)
      #expect(next.text == Self.answer)
      worker.signal(SIGTERM)
      #expect(await worker.exitCode() == 0)
    }
  }

  @Test("answers 429 with Retry-After when as many jobs wait as may")
  func fullQueue() async throws {
    try await Self.withStack(workers: 0, arguments: ["--max-queue-depth", "3"]) {
      redis, server, _, root in
      let statuses = try await withThrowingTaskGroup(of: CoppiceServer.Reply.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await server.post("/api/predict", Self.body, headers: ["Prefer": "wait=2"])
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.count { $0.status == 504 } == 3)
      let refused = statuses.filter { $0.status == 429 }
      #expect(refused.count == 5)
      #expect(refused.allSatisfy { Int($0.headers["retry-after"] ?? "") ?? 0 >= 1 })
    }
  }

  @Test("answers 503 at once while Redis is down, and goes on by itself when it is back")
  func redisDown() async throws {
    try await Self.withStack(workers: 1) { redis, server, _, _ in
      #expect(try await server.post("/api/predict", Self.body).text == Self.answer)
      await redis.kill()
      let start = ContinuousClock.now
      let reply = try await server.post("/api/predict", Self.body)
      #expect(reply.status == 503)
      // Far less than its deadline of ten seconds.
      #expect(ContinuousClock.now - start < .seconds(5))
      let readiness = try await server.get("/readyz")
      #expect(readiness.status == 503)
      try await redis.start()
      // Each try is answered at once or waits for its deadline: no sleep is needed.
      var answer = ""
      let limit = ContinuousClock.now + .seconds(20)
      while answer != Self.answer, ContinuousClock.now < limit {
        answer = try await server.post(
          "/api/predict", Self.body, headers: ["Prefer": "wait=1"]
        ).text
        await Task.yield()
      }
      #expect(answer == Self.answer)
    }
  }

  @Test("finishes the jobs in hand when a worker is told to stop under load")
  func gracefulStop() async throws {
    try await Self.withStack(workers: 2) { _, server, workers, _ in
      let replies = try await withThrowingTaskGroup(of: CoppiceServer.Reply.self) { group in
        for _ in 0..<400 { group.addTask { try await server.post("/api/predict", Self.body) } }
        var replies: [CoppiceServer.Reply] = []
        while let reply = try await group.next() {
          replies.append(reply)
          if replies.count == 100 { workers[0].signal(SIGTERM) }
        }
        return replies
      }
      #expect(await workers[0].exitCode() == 0)
      #expect(replies.count { $0.text == Self.answer } == 400)
    }
  }
}

extension Sequence {
  /// The results of an asynchronous transformation, one after another.
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows
    -> [Result]
  {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
