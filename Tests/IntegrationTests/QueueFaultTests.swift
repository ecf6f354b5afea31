import Foundation
import TestSupport
import Testing

/// What a caller and the log are told of a Redis that does not do its work.
@Suite("Serving through a queue that refuses", .timeLimit(.minutes(5)))
struct QueueFaultTests {
  struct Fault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// A part of the answer and of the log line.
    let sign: String
    let begin: [[String]]
    let end: [[String]]
  }

  static let faults = [
    Fault(
      testDescription: "is full", sign: "OOM", begin: [["CONFIG", "SET", "maxmemory", "1"]],
      end: [["CONFIG", "SET", "maxmemory", "0"]]),
    Fault(
      testDescription: "is a read-only replica", sign: "READONLY",
      begin: [["REPLICAOF", "127.0.0.1", "1"]], end: [["REPLICAOF", "NO", "ONE"]]),
    Fault(
      testDescription: "holds a foreign value under a key of the queue", sign: "WRONGTYPE",
      begin: [
        ["SET", "{coppice}:jobs:interactive", "foreign"], ["SET", "{coppice}:index", "foreign"],
      ], end: [["DEL", "{coppice}:jobs:interactive", "{coppice}:index"]]),
    Fault(
      testDescription: "wants another password", sign: "NOAUTH",
      begin: [
        ["CONFIG", "SET", "requirepass", "secret"],
        ["-a", "secret", "CLIENT", "KILL", "TYPE", "normal"],
      ], end: [["-a", "secret", "CONFIG", "SET", "requirepass", ""]]),
  ]

  @Test("says what is wrong, logs it, and goes on when it is repaired", arguments: faults)
  func told(fault: Fault) async throws {
    try await QueueTests.withStack(workers: 1) { redis, server, _, _ in
      #expect(try await server.post("/api/predict", QueueTests.body).text == QueueTests.answer)
      for command in fault.begin { try redis.command(command) }
      for path in ["/api/predict", "/api/jobs"] {
        // The connection may be on its way down.
        let isTold = try await eventually {
          let reply = try await server.post(path, QueueTests.body)
          return reply.status == 503 && reply.headers["retry-after"] != nil
            && reply.text.contains(fault.sign)
        }
        #expect(isTold)
      }
      #expect(
        await eventually {
          server.process.lines.contains { line in
            line.fields.values.contains { $0.contains(fault.sign) }
          }
        })
      for command in fault.end { try redis.command(command) }
      let isBack = try await eventually {
        let reply = try await server.post(
          "/api/predict", QueueTests.body, headers: ["Prefer": "wait=2"])
        return reply.text == QueueTests.answer
      }
      #expect(isBack)
    }
  }

  @Test("sets a damaged entry aside, logs it, and answers the next one")
  func damagedEntry() async throws {
    try await QueueTests.withStack(workers: 1) { redis, server, workers, _ in
      try redis.command("XADD", "{coppice}:jobs:interactive", "*", "what", "is this")
      #expect(await workers[0].logged("job set aside") != nil)
      #expect(try await server.post("/api/predict", QueueTests.body).text == QueueTests.answer)
    }
  }

  @Test("refuses a body that is too large for the queue")
  func tooLarge() async throws {
    try await QueueTests.withStack(
      workers: 1, arguments: ["--max-batch-bytes", "1000"]
    ) { _, server, _, _ in
      let rows = "petal_width\n" + String(repeating: "1\n", count: 1000)
      let reply = try await server.request(
        "POST", "/api/jobs", body: Data(rows.utf8), headers: ["Content-Type": "text/csv"])
      #expect(reply.status == 413)
      #expect(reply.text.contains("1000 bytes"))
      let values = String(repeating: "0.5,", count: 4_300_000)
      let body = try await server.post("/api/jobs", "{\"data\":[[\(values)1,2,3,4]]}")
      #expect(body.status == 413)
      #expect(try await server.post("/api/predict", QueueTests.body).text == QueueTests.answer)
    }
  }
}
