import Foundation
import TestSupport
import Testing

@Suite("Running a server")
struct OperationsTests {
  @Test("tells its health, its models and its metrics")
  func health() async throws {
    try await withIrisServer { server in
      #expect(try await server.get("/healthz").text == "{\"status\":\"ok\"}")
      let ready = try await server.get("/readyz")
      #expect(
        ready.text
          == "{\"status\":\"ready\",\"models\":[{\"name\":\"iris\",\"version\":\"1\"}]}")
      _ = try await server.post("/api/predict", "{\"data\":[[5.9,3.2,4.8,1.8],[1,2,3,4]]}")
      _ = try await server.post("/api/predict", "{}")
      let metrics = try await server.get("/metrics")
      #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
      for line in [
        "coppice_predicted_rows_total{model=\"iris\",version=\"1\"} 2",
        "coppice_http_requests_total{route=\"/api/predict\",method=\"POST\",status=\"400\"} 1",
        "coppice_http_request_duration_seconds_count{route=\"/api/predict\"} 2",
        "# TYPE coppice_http_request_duration_seconds histogram",
      ] {
        #expect(metrics.text.contains(line + "\n"), "\(line) is not in \(metrics.text)")
      }
      #expect(metrics.text.contains("_bucket{route=\"/api/predict\",le=\"5e-05\"}"))
    }
  }

  @Test("logs one line a request, with the id that the answer has, and none for a probe")
  func requestLog() async throws {
    try await withIrisServer { server in
      _ = try await server.get("/readyz")
      let reply = try await server.post(
        "/api/predict", "{\"data\":[5.9,3.2,4.8,1.8]}", headers: ["X-Request-Id": "mine-1"])
      #expect(reply.headers["x-request-id"] == "mine-1")
      let line = try #require(await server.process.logged("request"))
      #expect(line.fields["request_id"] == "mine-1")
      #expect(line.fields["path"] == "/api/predict")
      #expect(line.fields["status"] == "200")
      #expect(line.fields["level"] == "info")
    }
  }

  @Test("answers the health check of the binary itself")
  func healthcheck() async throws {
    try await withIrisServer { server in
      let check = try CoppiceProcess(
        ["healthcheck"], environment: ["COPPICE_PORT": "\(server.port)"])
      #expect(await check.exitCode() == 0)
    }
    let check = try CoppiceProcess(["healthcheck", "--port", "1"])
    #expect(await check.exitCode() == 1)
  }

  @Test(
    "refuses to start on a port that is taken, and says so",
    arguments: [("--port", "--grpc-port"), ("--grpc-port", "--port")])
  func takenPort(option: String, other: String) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await withCoppiceServer([repository.root.path]) { server in
        let second = try CoppiceProcess([
          "serve", repository.root.path, option, "\(server.port)", other, "0",
        ])
        #expect(await second.exitCode() == 1)
        #expect(second.lines.contains { $0.message.contains("\(server.port)") })
      }
    }
  }

  @Test("serves connections with as many threads as it is told")
  func threads() async throws {
    try await withIrisServer(["--threads", "3"]) { server in
      let reply = try await server.get("/healthz")
      #expect(reply.status == 200)
      #if os(Linux)
        let tasks = URL(filePath: "/proc/\(server.process.pid)/task")
        let names = try FileManager.default.contentsOfDirectory(atPath: tasks.path).map {
          try String(contentsOf: tasks.appending(path: "\($0)/comm"), encoding: .utf8)
        }
        #expect(names.count { $0.hasPrefix("NIO-SGLTN") } == 3)
      #endif
    }
    let wrong = try CoppiceProcess(["serve", "--threads", "0"])
    #expect(await wrong.exitCode() == 64)
  }

  @Test("reads options from the environment and from files of secrets; arguments come first")
  func environment() async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "limit")
      try Data("20\n".utf8).write(to: file)
      let environment = ["COPPICE_MAX_BODY_BYTES_FILE": file.path]
      let body = "{\"data\":[5.9,3.2,4.8,1.8]}"
      try await withIrisServer(environment: environment) { server in
        let reply = try await server.post("/api/predict", body)
        #expect(reply.status == 413)
      }
      try await withIrisServer(["--max-body-bytes", "1000"], environment: environment) { server in
        let reply = try await server.post("/api/predict", body)
        #expect(reply.status == 200)
      }
      let wrong = try CoppiceProcess(["serve"], environment: ["COPPICE_PORT": "many"])
      #expect(await wrong.exitCode() == 64)
    }
  }
}
