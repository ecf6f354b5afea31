import Foundation
import TestSupport
import Testing

@Suite("Traffic rules", .timeLimit(.minutes(3)))
struct TrafficTests {
  static let path = HotSwapTests.path

  @Test("keep a caller on one version, after a restart too", arguments: Layout.allCases)
  func sticky(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try AdminTests.twoVersions(in: folder)
      var first: [String] = []
      for run in 0..<2 {
        try await layout.withServer(repository.root, ["--admin", "--version-policy", "all"]) {
          server in
          if run == 0 {
            let reply = try await AdminTests.put(
              server, "/admin/models/iris/traffic",
              "{\"weights\":{\"1\":50,\"2\":50},\"sticky_header\":\"X-User\"}")
            #expect(reply.status == 200)
          }
          for round in 0..<2 {
            var answers: [String] = []
            for user in 0..<30 {
              let reply = try await server.post(
                Self.path, QueueTests.body, headers: ["X-User": "user-\(user)"])
              answers.append(reply.text)
            }
            if run == 0, round == 0 { first = answers }
            #expect(answers == first)
          }
        }
      }
      #expect(Set(first).count == 2)
    }
  }

  @Test("ask a shadow too, and answer as without it", arguments: Layout.allCases)
  func shadow(layout: Layout) async throws {
    try await AdminTests.withAdmin(layout) { server, _ in
      let first = try await HotSwapTests.answer(server, Self.path + "&version=1")
      let reply = try await AdminTests.put(
        server, "/admin/models/iris/traffic",
        "{\"weights\":{\"1\":100},\"shadow\":{\"version\":\"2\"}}")
      #expect(reply.status == 200)
      for _ in 0..<10 { #expect(try await HotSwapTests.answer(server) == first) }
      let line =
        "coppice_shadow_requests_total{model=\"iris\",version=\"2\",result=\"different\"} 10\n"
      let isCounted = try await eventually { try await server.get("/metrics").text.contains(line) }
      #expect(isCounted)
    }
  }

  @Test("spread requests by their weights, within statistics", arguments: Layout.allCases)
  func weights(layout: Layout) async throws {
    try await AdminTests.withAdmin(layout) { server, _ in
      let first = try await HotSwapTests.answer(server, Self.path + "&version=1")
      let reply = try await AdminTests.put(
        server, "/admin/models/iris/traffic", "{\"weights\":{\"1\":70,\"2\":30}}")
      #expect(reply.status == 200)
      let (count, share) = (500, 0.7)
      var found = 0
      for _ in 0..<count where try await HotSwapTests.answer(server) == first { found += 1 }
      let expected = Double(count) * share
      let difference = Double(found) - expected
      // Chi-square with 1 degree of freedom: 24 is exceeded once in a million.
      #expect(difference * difference / (expected * (1 - share)) < 24, "\(found) of \(count)")
    }
  }

  @Test("take out a canary that fails, by themselves", arguments: Layout.allCases)
  func failing(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try repository.addCounts("iris", version: "2")
      try await layout.withServer(repository.root, ["--admin", "--version-policy", "all"]) {
        server in
        try await Self.expectFailingIsTakenOut(server)
      }
    }
  }

  @Test("take out a canary that the workers lack, by themselves")
  func lacking() async throws {
    try await withTemporaryFolder { folder in
      let repository = try AdminTests.twoVersions(in: folder)
      // The workers' copy of the repository lacks the canary, so that it fails.
      let copy = folder.appending(path: "copy")
      try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
      let workers = try IrisRepository(in: copy)
      try await withRedis { redis in
        try await withCoppiceServer(
          [repository.root.path, "--redis", redis.url, "--admin", "--version-policy", "all"]
        ) { server in
          let worker = try await QueueTests.startWorker(workers.root, redis: redis.url)
          defer { worker.signal(SIGKILL) }
          try await Self.expectFailingIsTakenOut(server)
        }
      }
    }
  }

  /// Version 2 fails, and goes as soon as there are requests enough to say so.
  static func expectFailingIsTakenOut(_ server: CoppiceServer) async throws {
    let first = try await HotSwapTests.answer(server, path + "&version=1")
    let reply = try await AdminTests.put(
      server, "/admin/models/iris/traffic",
      """
      {"weights":{"1":60,"2":40},"rollback":{"error_rate":0.1,"minimum_requests":20}}
      """)
    #expect(reply.status == 200)
    let answers = try await underLoad(server) {
      let line = await server.process.logged("version rolled back", with: ["version": "2"])
      #expect(line?.fields["reason"]?.hasPrefix("20 of its last 20 requests failed") == true)
    }
    // As many as make a verdict, and what came until the new rule held.
    let failed = answers.total - (answers.counts["200 \(first)"] ?? 0)
    #expect(failed >= 20 && failed < answers.total)
    for _ in 0..<20 { #expect(try await HotSwapTests.answer(server) == first) }
    let metrics = try await server.get("/metrics").text
    #expect(metrics.contains("coppice_rollbacks_total{model=\"iris\",reason=\"errors\"} 1"))
  }

  @Test("take out a canary that is slower, by themselves", arguments: Layout.allCases)
  func slow(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try repository.addSlow("iris", version: "2", times: 30)
      try await layout.withServer(
        repository.root, ["--admin", "--version-policy", "all"], workers: 1
      ) { server in
        let first = try await HotSwapTests.answer(server, Self.path + "&version=1")
        let reply = try await AdminTests.put(
          server, "/admin/models/iris/traffic",
          """
          {"weights":{"1":60,"2":40},"rollback":{"latency_ratio":2,"minimum_requests":20}}
          """)
        #expect(reply.status == 200)
        // Many rows, so that the time of the model counts, and one caller, so that no request waits
        // for one of the other version.
        let rows = repeatElement("[5.9,3.2,4.8,1.8]", count: 600).joined(separator: ",")
        let answers = try await underLoad(server, callers: 1, sending: "{\"data\":[\(rows)]}") {
          let line = await server.process.logged("version rolled back", with: ["version": "2"])
          #expect(line?.fields["reason"]?.contains("median latency") == true)
        }
        #expect(answers.counts.keys.allSatisfy { $0.hasPrefix("200 ") })
        // A verdict needs 20 of both, and latencies are looked at with every tenth.
        let slow = answers.counts.filter { !$0.key.contains(first) }.values.reduce(0, +)
        #expect((20...60).contains(slow))
        for _ in 0..<20 { #expect(try await HotSwapTests.answer(server) == first) }
        let metrics = try await server.get("/metrics").text
        #expect(metrics.contains("coppice_rollbacks_total{model=\"iris\",reason=\"latency\"} 1"))
      }
    }
  }

  @Test(
    "take out a canary whose scores have moved, by themselves, and for good",
    arguments: Layout.allCases)
  func rollback(layout: Layout) async throws {
    try await AdminTests.withAdmin(layout) { server, _ in
      let first = try await HotSwapTests.answer(server, Self.path + "&version=1")
      let reply = try await AdminTests.put(
        server, "/admin/models/iris/traffic",
        """
        {"weights":{"1":50,"2":50},"rollback":{"score_shift":0.2,"minimum_requests":40}}
        """)
      #expect(reply.status == 200)
      _ = try await underLoad(server) {
        let line = await server.process.logged("version rolled back", with: ["version": "2"])
        #expect(line?.fields["reason"]?.contains("Kolmogorov") == true)
      }
      for _ in 0..<20 { #expect(try await HotSwapTests.answer(server) == first) }
      let status = try await server.get("/admin/models/iris").text
      #expect(status.contains("\"weights\":{\"1\":100}"))
      #expect(status.contains("\"rollback\":\"version 2 at "))
      let metrics = try await server.get("/metrics").text
      #expect(metrics.contains("coppice_rollbacks_total{model=\"iris\",reason=\"scores\"} 1"))
    }
  }
}
