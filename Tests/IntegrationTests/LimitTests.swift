import Foundation
import TestSupport
import Testing

@Suite("Limits of a server", .timeLimit(.minutes(3)))
struct LimitTests {
  @Test("refuse a request with more rows than --max-rows with 413")
  func rows() async throws {
    try await withIrisServer(["--max-rows", "2"]) { server in
      let row = "[5.9,3.2,4.8,1.8]"
      let two = try await server.post("/api/predict", "{\"data\":[\(row),\(row)]}")
      #expect(two.status == 200)
      let three = try await server.post("/api/predict", "{\"data\":[\(row),\(row),\(row)]}")
      #expect(three.status == 413)
      #expect(three.json["code"] as? String == "too_large")
    }
  }

  @Test("refuse what is over --max-concurrent at once with 429 and Retry-After")
  func concurrency() async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await Layout.queued.withServer(
        repository.root, ["--max-concurrent", "3"], workers: 0
      ) { server in
        let replies = try await withThrowingTaskGroup(of: CoppiceServer.Reply.self) { group in
          for _ in 0..<8 {
            group.addTask {
              try await server.post(
                "/api/predict", QueueTests.body, headers: ["Prefer": "wait=2"])
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(replies.count { $0.status == 504 } == 3)
        let refused = replies.filter { $0.status == 429 }
        #expect(refused.count == 5)
        #expect(refused.allSatisfy { Int($0.headers["retry-after"] ?? "") ?? 0 >= 1 })
      }
    }
  }
}
