import Foundation
import TestSupport
import Testing

/// The hot route answers some requests itself and leaves others to Hummingbird; a client must not see
/// which.
@Suite("A connection")
struct ConnectionTests {
  static let body = "{\"data\":[5.9,3.2,4.8,1.8]}"
  static let answer = "{\"name\":\"versicolor\",\"prediction\":1}"

  static func post(_ body: String = body, headers: String = "") -> String {
    "POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n"
      + body
  }

  @Test("gets its answers in order when requests for all routes come at once")
  func pipelining() async throws {
    try await withIrisServer { server in
      let connection = try RawConnection(port: server.port)
      let health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
      let wrong = Self.post("{\"data\":[1]}")
      try connection.send(
        Self.post() + health + Self.post() + wrong + health + health + Self.post())
      let text = connection.read(until: [
        Self.answer, "\"ok\"", Self.answer, "invalid_request", "\"ok\"", "\"ok\"", Self.answer,
      ])
      #expect(
        text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
          == ["200", "200", "200", "400", "200", "200", "200"])
    }
  }

  @Test("gets the same answers whole, in pieces, in chunks, with Expect and with Connection: close")
  func forms() async throws {
    try await withIrisServer { server in
      for body in [Self.body, "{\"data\":[1,2]}", "{", ""] {
        let pieces = try RawConnection(port: server.port)
        let request = Self.post(body, headers: "X-Request-Id: r\r\nConnection: close\r\n")
        for byte in request { try pieces.send(String(byte)) }
        let expected = pieces.read()
        #expect(expected.hasPrefix("HTTP/1.1 "))
        let content = expected.components(separatedBy: "\r\n\r\n").last ?? ""
        #expect(!content.isEmpty)
        let kept = try RawConnection(port: server.port)
        let chunked =
          "POST /api/predict HTTP/1.1\r\nHost: x\r\nX-Request-Id: r\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n"
          + (body.isEmpty ? "" : "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n")
          + "0\r\n\r\n"
        for form in [
          Self.post(body, headers: "X-Request-Id: r\r\n"), chunked,
          Self.post(body, headers: "X-Request-Id: r\r\nConnection: Keep-Alive\r\n"),
          Self.post(body, headers: "X-Request-Id: r\r\nExpect: 100-continue\r\n"),
        ] {
          try kept.send(form)
          let text = kept.read(until: [content])
          #expect(text.contains(content))
          #expect(text.contains(expected.prefix(12)))
        }
      }
    }
  }

  @Test("is kept after an answer of 413, whatever the size")
  func tooLarge() async throws {
    try await withIrisServer(["--max-body-bytes", "1000"]) { server in
      for size in [2000, 200_000] {
        let connection = try RawConnection(port: server.port)
        try connection.send(Self.post(String(repeating: " ", count: size)) + Self.post())
        let text = connection.read(until: ["body_too_large", Self.answer])
        #expect(text.contains(Self.answer))
      }
    }
  }

  @Test("finishes what is under way when the server is told to stop, and is closed then")
  func gracefulStop() async throws {
    try await withTemporaryFolder { folder in
      let root = try IrisRepository(in: folder).root
      try await withRedis { redis in
        // Without a worker the request stays under way until its deadline.
        let process = try CoppiceProcess([
          "serve", root.path, "--port", "0", "--no-grpc", "--redis", redis.url,
        ])
        let line = try #require(await process.logged("listening"))
        let port = try #require(line.fields["port"].flatMap(Int.init))
        let idle = try RawConnection(port: port)
        let busy = try RawConnection(port: port)
        try busy.send(Self.post(headers: "Prefer: wait=2\r\n"))
        let server = CoppiceServer(process: process, port: port)
        let limit = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < limit,
          try await !server.get("/metrics").text.contains("coppice_jobs_enqueued_total 1")
        {}
        process.signal(SIGTERM)
        #expect(idle.read().isEmpty)
        #expect(busy.read().hasPrefix("HTTP/1.1 504"))
        #expect(await process.exitCode() == 0)
      }
    }
  }
}
