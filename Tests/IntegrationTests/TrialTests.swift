import Foundation
import TestSupport
import Testing

@Suite("A new version that is tried on live requests", .timeLimit(.minutes(3)))
struct TrialTests {
  static let path = HotSwapTests.path

  @Test("takes over after the requests that it was asked too", arguments: Layout.allCases)
  func passes(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withServer(
        repository.root, ["--trial-requests", "30", "--trial-difference", "1"]
      ) { server in
        let before = try await HotSwapTests.answer(server)
        let answers = try await underLoad(server) {
          try repository.add("iris", version: "2", file: HotSwapTests.new)
          let line = await server.process.logged("trial passed", with: ["version": "2"])
          #expect(line?.fields["requests"] == "30")
          _ = await server.process.logged("model unloaded", with: ["version": "1"])
        }
        let after = try await HotSwapTests.answer(server)
        #expect(before != after)
        #expect(answers.texts == [before, after])
      }
    }
  }

  @Test("stays out when its answers are too far away, and says so", arguments: Layout.allCases)
  func refused(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withServer(
        repository.root, ["--trial-requests", "30", "--trial-difference", "0"]
      ) { server in
        let before = try await HotSwapTests.answer(server)
        let answers = try await underLoad(server) {
          try repository.add("iris", version: "2", file: HotSwapTests.new)
          let line = await server.process.logged("model refused", with: ["version": "2"])
          let reason = try #require(line?.fields["reason"])
          #expect(reason.contains("30 live requests"))
          let entry = try #require(try await HotSwapTests.index(server)["2"])
          #expect(entry.state == "UNAVAILABLE" && entry.reason == reason)
        }
        #expect(answers.texts == [before])
        let metrics = try await server.get("/metrics").text
        #expect(
          metrics.contains("coppice_model_load_failures_total{model=\"iris\",reason=\"trial\"} 1"))
      }
    }
  }

  @Test("stays out when it cannot answer what callers ask for", arguments: Layout.allCases)
  func fails(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withServer(repository.root, ["--trial-requests", "30"]) { server in
        let before = try await HotSwapTests.answer(server)
        let answers = try await underLoad(server) {
          // One that predicts counts, and has no classes.
          try repository.addCounts("iris", version: "2")
          let line = await server.process.logged("model refused", with: ["version": "2"])
          #expect(line?.fields["reason"]?.contains("a live request failed") == true)
        }
        #expect(answers.texts == [before])
      }
    }
  }

  @Test(
    "takes over when its time is up, and is shown as loading until then",
    arguments: Layout.allCases)
  func timeIsUp(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withServer(
        repository.root, ["--trial-requests", "1000000", "--trial-seconds", "1"]
      ) { server in
        let before = try await HotSwapTests.answer(server)
        try repository.add("iris", version: "2", file: HotSwapTests.new)
        _ = await server.process.logged("model on trial", with: ["version": "2", "beside": "1"])
        let entry = try #require(try await HotSwapTests.index(server)["2"])
        #expect(entry.state == "LOADING" && entry.reason.contains("trial"))
        #expect(try await HotSwapTests.answer(server) == before)
        _ = await server.process.logged("trial passed", with: ["version": "2"])
        #expect(try await HotSwapTests.answer(server) != before)
      }
    }
  }
}
