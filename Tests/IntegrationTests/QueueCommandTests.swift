import Foundation
import TestSupport
import Testing

@Suite("coppice queue", .timeLimit(.minutes(5)))
struct QueueCommandTests {
  @Test("shows the queue and its dead jobs, puts them back and forgets them")
  func deadJobs() async throws {
    try await QueueTests.withStack(workers: 0) { redis, server, _, root in
      func queue(_ arguments: String...) async throws -> (code: Int32, output: String) {
        let process = try CoppiceProcess(["queue"] + arguments + ["--redis", redis.url])
        return (await process.exitCode(), process.output)
      }
      let accepted = try await server.post("/api/jobs", QueueTests.body)
      let id = try #require(accepted.json["id"] as? String)
      let status = try await queue("status")
      #expect(status.code == 0)
      #expect(status.output.contains("waiting  1\n"))
      #expect(status.output.contains("queued   1\n"))
      // Somebody has taken its payload away.
      let bodies = "{coppice}:bodies:\(id)"
      let body = try redis.command("--raw", "HGET", bodies, "0")
      #expect(!body.isEmpty)
      try redis.command("HDEL", bodies, "0")
      let worker = try await QueueTests.startWorker(root, redis: redis.url)
      let dead = try await server.get("/api/jobs/\(id)?wait=30s")
      #expect(dead.json["status"] as? String == "dead")
      let listed = try await queue("dead")
      #expect(listed.output.contains(id))
      #expect(listed.output.contains("payload of the piece is gone"))
      worker.signal(SIGTERM)
      #expect(await worker.exitCode() == 0)
      let retried = try await queue("retry", id)
      #expect(retried.output == "\(id)  queued\n")
      let again = try await queue("retry", id)
      #expect(again.code == 1)
      let second = try await QueueTests.startWorker(root, redis: redis.url)
      _ = try await server.get("/api/jobs/\(id)?wait=30s")
      let purged = try await queue("purge")
      #expect(purged.output == "\(id)  forgotten\n")
      let gone = try await server.get("/api/jobs/\(id)")
      #expect(gone.status == 404)
      second.signal(SIGTERM)
      #expect(await second.exitCode() == 0)
    }
    let nowhere = try CoppiceProcess(["queue", "status", "--redis", "redis://127.0.0.1:1"])
    #expect(await nowhere.exitCode() == 1)
    let wrong = try CoppiceProcess(["queue", "retry", "x", "--redis", "redis://127.0.0.1:1"])
    #expect(await wrong.exitCode() == 64)
  }
}
