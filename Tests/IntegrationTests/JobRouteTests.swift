import Foundation
import TestSupport
import Testing

/// Where a server keeps its jobs.
enum JobHome: String, CaseIterable, CustomTestStringConvertible {
  case file, redis

  var testDescription: String { rawValue }

  /// Runs a test with a server, and workers where it does not work itself.
  func run(
    workers: Int = 2, _ arguments: [String] = [], _ body: (CoppiceServer) async throws -> Void
  ) async throws {
    switch self {
    case .file:
      try await withTemporaryFolder { folder in
        try await withIrisServer(
          ["--jobs-file", folder.appending(path: "state/jobs.sqlite").path] + arguments, body)
      }
    case .redis:
      try await QueueTests.withStack(workers: workers, arguments: arguments) { _, server, _, _ in
        try await body(server)
      }
    }
  }
}

@Suite("Jobs over HTTP", .timeLimit(.minutes(2)))
struct JobRouteTests {
  static let rows = "{\"data\":[[5.9,3.2,4.8,1.8],[6.3,3.3,6.0,2.5],[5.1,null,1.4,0.2]]}"

  @Test("gives the answer that a prediction gives", arguments: JobHome.allCases)
  func sameAnswer(home: JobHome) async throws {
    try await home.run { server in
      for (body, query) in [(QueueTests.body, ""), (Self.rows, "?probabilities=true")] {
        let expected = try await server.post("/api/predict" + query, body)
        let accepted = try await server.post("/api/jobs" + query, body)
        #expect(accepted.status == 202)
        let location = try #require(accepted.headers["location"])
        #expect(location == "/api/jobs/\(accepted.json["id"] as? String ?? "")")
        let done = try await server.get(location + "?wait=30s")
        #expect(done.json["status"] as? String == "done")
        #expect(done.json["model"] as? String == "iris")
        #expect(done.json["result"] as? String == location + "/result")
        let result = try await server.get(location + "/result")
        #expect(result.status == 200)
        #expect(result.text == expected.text)
        #expect(result.headers["content-type"] == "application/json")
      }
    }
  }

  /// Thirty thousand rows, which are several pieces.
  static let many: [[Double]] = (0..<30_000).map { (row: Int) -> [Double] in
    [0, 13, 26, 39].map { (shift: Int) -> Double in Double((row * 7 + shift) % 80) / 10 }
  }

  @Test("takes a table, in pieces, and gives its rows back in order", arguments: JobHome.allCases)
  func csv(home: JobHome) async throws {
    let lines: [String] = Self.many.map { "\($0[3]),\($0[0]),\($0[1]),\($0[2])\r\n" }
    let csv = "petal_width,sepal_length,sepal_width,petal_length\r\n" + lines.joined()
    try await home.run { server in
      let accepted = try await server.request(
        "POST", "/api/jobs", body: Data(csv.utf8), headers: ["Content-Type": "text/csv"])
      #expect(accepted.status == 202)
      #expect(accepted.json["priority"] as? String == "bulk")
      let location = try #require(accepted.headers["location"])
      let events = try await server.get(location + "/events")
      #expect(events.headers["content-type"] == "text/event-stream")
      #expect(events.text.contains("event: end\n"))
      let done = try await server.get(location)
      let progress = done.json["progress"] as? [String: Int] ?? [:]
      #expect(progress["rows"] == 30_000)
      #expect(progress["done"] == 30_000)
      #expect((progress["pieces"] ?? 0) > 1)
      let result = try await server.get(location + "/result")
      let found = result.text.split(separator: "\r\n").map { String($0) }
      #expect(found.first == "name,prediction")
      let data = try JSONSerialization.data(withJSONObject: ["data": Self.many])
      let plain = try await server.post("/api/predict", String(decoding: data, as: UTF8.self))
      let expected = try JSONDecoder().decode([Answer].self, from: plain.body)
      #expect(Array(found.dropFirst()) == expected.map { "\($0.name),\($0.prediction)" })
    }
  }

  private struct Answer: Decodable {
    let name: String
    let prediction: Int
  }

  @Test("takes lines of JSON and gives lines of JSON", arguments: JobHome.allCases)
  func ndjson(home: JobHome) async throws {
    let lines = """
      [5.9,3.2,4.8,1.8]
      {"sepal_length":5.1,"petal_width":null}

      [6.3,3.3,6.0,2.5]
      """
    try await home.run { server in
      let accepted = try await server.request(
        "POST", "/api/jobs?probabilities=true&top_k=2", body: Data(lines.utf8),
        headers: ["Content-Type": "application/x-ndjson"])
      let location = try #require(accepted.headers["location"])
      _ = try await server.get(location + "?wait=30")
      let result = try await server.get(location + "/result")
      let plain = try await server.post(
        "/api/predict?probabilities=true&top_k=2",
        "{\"data\":[[5.9,3.2,4.8,1.8],[5.1,null,null,null],[6.3,3.3,6.0,2.5]]}")
      #expect("[" + result.text.split(separator: "\n").joined(separator: ",") + "]" == plain.text)
    }
  }

  @Test("makes a prediction a job where the caller prefers it", arguments: JobHome.allCases)
  func respondAsync(home: JobHome) async throws {
    try await home.run { server in
      let accepted = try await server.post(
        "/api/predict", QueueTests.body, headers: ["Prefer": "respond-async"])
      #expect(accepted.status == 202)
      #expect(accepted.headers["preference-applied"] == "respond-async")
      #expect(accepted.headers["location"]?.hasPrefix("/api/jobs/") == true)
      let waited = try await server.post(
        "/api/predict", QueueTests.body, headers: ["Prefer": "respond-async, wait=30"])
      #expect(waited.status == 200)
      #expect(waited.text == QueueTests.answer)
    }
  }

  @Test("makes a hundred posts with one key one job", arguments: JobHome.allCases)
  func idempotency(home: JobHome) async throws {
    try await home.run { server in
      let replies = try await withThrowingTaskGroup(of: CoppiceServer.Reply.self) { group in
        for _ in 0..<100 {
          group.addTask {
            try await server.post("/api/jobs", QueueTests.body, headers: ["Idempotency-Key": "k1"])
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(replies.allSatisfy { $0.status == 202 })
      #expect(Set(replies.compactMap { $0.json["id"] as? String }).count == 1)
      let other = try await server.post("/api/jobs", Self.rows, headers: ["Idempotency-Key": "k1"])
      #expect(other.status == 422)
      #expect(other.json["code"] as? String == "idempotency_mismatch")
      let table = ["Content-Type": "text/csv", "Idempotency-Key": "k2"]
      let csv = Data("petal_width\n1\n2\n".utf8)
      let first = try await server.request("POST", "/api/jobs", body: csv, headers: table)
      let second = try await server.request("POST", "/api/jobs", body: csv, headers: table)
      #expect(first.json["id"] as? String == second.json["id"] as? String)
    }
  }

  @Test("cancels, lists and refuses by state")
  func states() async throws {
    try await JobHome.redis.run(workers: 0) { server in
      let accepted = try await server.post("/api/jobs?priority=interactive", QueueTests.body)
      let location = try #require(accepted.headers["location"])
      let early = try await server.get(location + "/result")
      #expect(early.status == 409)
      #expect(early.json["code"] as? String == "not_ready")
      #expect(try await server.get(location + "?wait=0.1s").json["status"] as? String == "queued")
      let list = try await server.get("/api/jobs?state=queued")
      #expect((list.json["jobs"] as? [any Sendable])?.count == 1)
      let cancelled = try await server.request("DELETE", location)
      #expect(cancelled.json["status"] as? String == "cancelled")
      #expect(try await server.request("DELETE", location).status == 409)
      #expect(try await server.get(location + "/result").json["code"] as? String == "job_cancelled")
      #expect(try await server.request("POST", location + "/retry").status == 409)
      let expiring = try await server.post("/api/jobs?timeout=0.1", QueueTests.body)
      let end = try await server.get((expiring.headers["location"] ?? "") + "/events")
      #expect(end.status == 200)
      #expect(end.text.contains("\"status\":\"expired\""))
    }
  }

  @Test(
    "tells what is wrong with a request",
    arguments: [
      ("POST", "/api/jobs?priority=urgent", "application/json", QueueTests.body, 400, "priority"),
      ("POST", "/api/jobs?webhook=http://x", "application/json", QueueTests.body, 400, "webhook"),
      ("POST", "/api/jobs?timeout=soon", "application/json", QueueTests.body, 400, "timeout"),
      ("POST", "/api/jobs?nonsense=1", "application/json", QueueTests.body, 400, "nonsense"),
      ("POST", "/api/jobs?model=none", "application/json", QueueTests.body, 404, "iris"),
      ("POST", "/api/jobs", "application/json", "{", 400, "JSON"),
      ("POST", "/api/jobs", "application/octet-stream", "{}", 400, "inputs"),
      ("POST", "/api/jobs?top_k=1", "application/json", InferenceTests.body(), 400, "outputs"),
      ("POST", "/api/jobs?top_k=1", "text/csv", "petal_width\n1\n", 400, "ndjson"),
      ("POST", "/api/jobs", "application/xml", "<a/>", 415, "text/csv"),
      ("POST", "/api/jobs", "text/csv", "petal_width,color\n1,2\n", 400, "color"),
      ("POST", "/api/jobs", "text/csv", "petal_width\n1\nred\n", 400, "line 3"),
      ("POST", "/api/jobs", "text/csv", "petal_width\n1,2\n", 400, "line 2"),
      ("POST", "/api/jobs", "text/csv", "petal_width\n", 400, "no rows"),
      ("POST", "/api/jobs", "text/csv", "", 400, "no rows"),
      ("POST", "/api/jobs", "application/x-ndjson", "[1,2,3,4]\n[1,2]\n", 400, "line 2"),
      ("GET", "/api/jobs/0123456789abcdef0123456789abcdef", "", "", 404, "no such job"),
      ("GET", "/api/jobs/..%2F", "", "", 404, "no such job"),
      ("GET", "/api/jobs?state=lost", "", "", 400, "state"),
      ("GET", "/api/jobs?limit=0", "", "", 400, "limit"),
      ("GET", "/api/jobs?after=x", "", "", 404, "page"),
      ("PUT", "/api/jobs", "", "", 405, "POST"),
    ])
  func bad(
    method: String, path: String, type: String, body: String, status: Int, detail: String
  ) async throws {
    try await withIrisServer(["--jobs-file", "memory"]) { server in
      let reply = try await server.request(
        method, path, body: Data(body.utf8), headers: ["Content-Type": type])
      #expect(reply.status == status, "\(reply.text)")
      #expect(reply.headers["content-type"] == "application/problem+json")
      #expect(reply.text.contains(detail), "\(reply.text)")
    }
  }

  @Test("says that a result is not kept any more", arguments: JobHome.allCases)
  func expiredResult(home: JobHome) async throws {
    try await home.run(["--result-lifetime", "0.05"]) { server in
      let accepted = try await server.post("/api/jobs", QueueTests.body)
      let location = try #require(accepted.headers["location"])
      _ = try await server.get(location + "?wait=30s")
      var result = try await server.get(location + "/result")
      while result.status == 200 { result = try await server.get(location + "/result") }
      #expect(result.status == 410)
      #expect(result.json["code"] as? String == "result_expired")
    }
  }

  @Test("keeps every accepted job when the server is killed, and does it after the next start")
  func killed() async throws {
    try await withTemporaryFolder { folder in
      let root = try IrisRepository(in: folder).root
      let file = folder.appending(path: "jobs.sqlite").path
      let first = try await Self.start([root.path, "--jobs-file", file])
      let accepted = try await withThrowingTaskGroup(of: String?.self) { group in
        for _ in 0..<200 {
          group.addTask { try? await first.post("/api/jobs", Self.rows).json["id"] as? String }
        }
        var ids: [String] = []
        for try await id in group {
          if let id { ids.append(id) }
          if ids.count == 100 { first.process.signal(SIGKILL) }
        }
        return ids
      }
      #expect(accepted.count >= 100)
      _ = await first.process.exitCode()
      let second = try await Self.start([root.path, "--jobs-file", file])
      let expected = try await second.post("/api/predict", Self.rows).text
      for id in accepted {
        let done = try await second.get("/api/jobs/\(id)?wait=30s")
        #expect(done.json["status"] as? String == "done")
        #expect(try await second.get("/api/jobs/\(id)/result").text == expected)
      }
      let third = try CoppiceProcess([
        "serve", root.path, "--port", "0", "--grpc-port", "0", "--jobs-file", file,
      ])
      #expect(await third.exitCode() == 1)
      #expect(third.lines.contains { $0.message.contains("another process uses it") })
      second.process.signal(SIGTERM)
      #expect(await second.process.exitCode() == 0)
    }
  }

  static func start(_ arguments: [String]) async throws -> CoppiceServer {
    let process = try CoppiceProcess(["serve", "--port", "0", "--grpc-port", "0"] + arguments)
    guard let port = await process.logged("listening")?.fields["port"].flatMap(Int.init) else {
      throw SupportError("coppice serve did not start: \(process.lines.map(\.message))")
    }
    return CoppiceServer(process: process, port: port)
  }
}
