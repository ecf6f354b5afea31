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

  @Test("take out a canary whose scores have moved, by themselves, and for good")
  func rollback() async throws {
    try await AdminTests.withAdmin { server, _ in
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
