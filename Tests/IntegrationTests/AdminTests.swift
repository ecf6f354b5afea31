import Foundation
import TestSupport
import Testing

@Suite("Admin calls", .timeLimit(.minutes(3)))
struct AdminTests {
  static let path = HotSwapTests.path

  /// Runs a server with two versions of Iris in memory and admin calls on.
  static func withAdmin(
    _ layout: Layout = .alone, _ arguments: [String] = [],
    _ body: (CoppiceServer, IrisRepository) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let repository = try twoVersions(in: folder)
      try await layout.withServer(
        repository.root, ["--admin", "--version-policy", "all"] + arguments
      ) { server in
        try await body(server, repository)
      }
    }
  }

  static func twoVersions(in folder: URL) throws -> IrisRepository {
    let repository = try IrisRepository(in: folder)
    try repository.add("iris", version: "2", file: HotSwapTests.new)
    return repository
  }

  static func put(
    _ server: CoppiceServer, _ path: String, _ json: String, headers: [String: String] = [:]
  ) async throws -> CoppiceServer.Reply {
    try await server.request(
      "PUT", path, body: Data(json.utf8),
      headers: ["Content-Type": "application/json"].merging(headers) { _, new in new })
  }

  @Test("let a label stand for a version wherever a version is taken", arguments: Layout.allCases)
  func labels(layout: Layout) async throws {
    try await Self.withAdmin(layout) { server, _ in
      let first = try await HotSwapTests.answer(server, Self.path + "&version=1")
      let second = try await HotSwapTests.answer(server, Self.path + "&version=2")
      let set = try await Self.put(
        server, "/admin/models/iris/labels/stable", "{\"version\":\"1\"}")
      #expect(set.status == 200)
      #expect(set.text.contains("\"labels\":{\"stable\":\"1\"}"))
      #expect(try await HotSwapTests.answer(server, Self.path + "&version=stable") == first)
      _ = try await Self.put(server, "/admin/models/iris/labels/stable", "{\"version\":\"2\"}")
      #expect(try await HotSwapTests.answer(server, Self.path + "&version=stable") == second)
      let removed = try await server.request("DELETE", "/admin/models/iris/labels/stable")
      #expect(removed.status == 200)
      let reply = try await server.post(Self.path + "&version=stable", QueueTests.body)
      #expect(reply.status == 404)
    }
  }

  @Test(
    "unload and load versions and models during load without a failed request",
    arguments: Layout.allCases)
  func loadAndUnload(layout: Layout) async throws {
    try await Self.withAdmin(layout) { server, _ in
      let first = try await HotSwapTests.answer(server, Self.path + "&version=1")
      let second = try await HotSwapTests.answer(server)
      let answers = try await underLoad(server, Self.path) {
        for _ in 0..<5 {
          let out = try await server.post("/admin/models/iris/versions/2/unload", "")
          #expect(out.status == 200)
          #expect(try await HotSwapTests.answer(server) == first)
          let back = try await server.post("/admin/models/iris/versions/2/load", "")
          #expect(back.status == 200)
          #expect(try await HotSwapTests.answer(server) == second)
        }
      }
      #expect(answers.texts == [first, second])
      #expect(try await server.post("/admin/models/iris/unload", "").status == 200)
      #expect(try await server.post(Self.path, QueueTests.body).status == 404)
      #expect(try await server.post("/admin/models/iris/load", "").status == 200)
      #expect(try await HotSwapTests.answer(server) == second)
    }
  }

  @Test("take in an uploaded model, checked before it is seen", arguments: Layout.allCases)
  func upload(layout: Layout) async throws {
    try await Self.withAdmin(layout) { server, repository in
      let before = try await HotSwapTests.answer(server)
      let third = try Data(contentsOf: IrisRepository.fixture("3.4.1/iris-softprob.ubj"))
      let answers = try await underLoad(server, Self.path) {
        let reply = try await server.request(
          "PUT", "/admin/models/iris/versions/3/files/model.ubj", body: third)
        #expect(reply.status == 201)
      }
      let after = try await HotSwapTests.answer(server)
      #expect(answers.texts == [before, after])
      #expect(after.contains("versicolor"), "it has the names of the version before")
      let again = try await server.request(
        "PUT", "/admin/models/iris/versions/3/files/model.ubj", body: third)
      #expect(again.status == 409)
    }
  }

  @Test(
    "check an uploaded model on the examples of its own manifest", arguments: Layout.allCases)
  func uploadWithManifest(layout: Layout) async throws {
    try await Self.withAdmin(layout) { server, repository in
      let manifest = """
        {"labels":["a","b","c"],"examples":[{"row":[5.9,3.2,4.8,1.8],"prediction":[0.9,0.05,0.05]}]}
        """
      let before = try await HotSwapTests.answer(server)
      let waiting = try await server.request(
        "PUT", "/admin/models/iris/versions/7/files/manifest.json", body: Data(manifest.utf8))
      #expect(waiting.status == 202)
      let reply = try await server.request(
        "PUT", "/admin/models/iris/versions/7/files/model.json",
        body: Data(contentsOf: HotSwapTests.old))
      #expect(reply.status == 422)
      #expect((reply.json["detail"] as? String)?.contains("example 0") == true)
      #expect(try await HotSwapTests.answer(server) == before)
      #expect(!FileManager.default.fileExists(atPath: repository.root.path + "/iris/7"))
    }
  }

  /// A call that must be refused, and with what.
  struct Bad: Sendable, CustomTestStringConvertible {
    let method: String
    let path: String
    let body: String
    let status: Int

    init(_ method: String, _ path: String, _ body: String, _ status: Int) {
      self.method = method
      self.path = path
      self.body = body
      self.status = status
    }

    var testDescription: String { "\(method) \(path.prefix(80)) \(body.prefix(80))" }
  }

  static let bad: [Bad] = [
    Bad("POST", "/admin/models/rose/load", "", 404),
    Bad("POST", "/admin/models/iris/versions/9/load", "", 404),
    Bad("POST", "/admin/models/iris/versions/9/unload", "", 404),
    Bad("PUT", "/admin/models/iris/labels/stable", "{\"version\":\"9\"}", 404),
    Bad("PUT", "/admin/models/iris/labels/stable", "{\"version\":9}", 400),
    Bad("PUT", "/admin/models/iris/labels/stable", "{", 400),
    Bad("PUT", "/admin/models/iris/labels/17", "{\"version\":\"1\"}", 400),
    Bad("PUT", "/admin/models/iris/labels/.x", "{\"version\":\"1\"}", 400),
    Bad("DELETE", "/admin/models/iris/labels/none", "", 404),
    Bad("PUT", "/admin/models/iris/traffic", "{\"weights\":{\"1\":50,\"2\":49}}", 400),
    Bad("PUT", "/admin/models/iris/traffic", "{\"weights\":{\"1\":101,\"2\":-1}}", 400),
    Bad("PUT", "/admin/models/iris/traffic", "{\"weights\":{\"1\":1e99}}", 400),
    Bad("PUT", "/admin/models/iris/traffic", "{\"weights\":{\"1\":50,\"9\":50}}", 404),
    Bad("PUT", "/admin/models/iris/traffic", "{\"weigths\":{\"1\":100}}", 400),
    Bad("PUT", "/admin/models/iris/traffic", "{}", 400),
    Bad("PUT", "/admin/models/iris/traffic", "[1]", 400),
    Bad(
      "PUT", "/admin/models/iris/traffic",
      "{\"weights\":{\"1\":50,\"2\":50},\"rollback\":{\"error_rate\":7}}", 400),
    Bad(
      "PUT", "/admin/models/iris/traffic",
      "{\"weights\":{\"1\":50,\"2\":50},\"sticky_header\":\"a b\"}", 400),
    Bad("PATCH", "/admin/models/iris/traffic", "", 405),
    Bad("PUT", "/admin/models/iris/versions/3/files/model.json", "no model", 422),
    Bad("PUT", "/admin/models/iris/versions/3/files/model.json", "", 400),
    Bad("PUT", "/admin/models/iris/versions/3/files/weights.json", "{}", 400),
    Bad("PUT", "/admin/models/iris/versions/3/files/manifest.json", "{\"labels\":1}", 422),
    Bad("PUT", "/admin/models/../versions/3/files/model.json", "{}", 400),
    Bad("PUT", "/admin/models/%2e%2e%2f/versions/3/files/model.json", "{}", 400),
    Bad("PUT", "/admin/models/iris/versions/../files/model.json", "{}", 400),
    Bad("PUT", "/admin/models/iris/versions/3/files/model..%2f..%2fx", "{}", 400),
    Bad("PUT", "/admin/models/iris/versions/%00/files/model.json", "{}", 400),
    Bad("PUT", "/admin/models/a%0ab/versions/3/files/model.json", "{}", 400),
    Bad(
      "PUT", "/admin/models/\(String(repeating: "x", count: 300))/versions/3/files/model.json",
      "{}", 400),
    Bad("PUT", "/admin/models//versions/3/files/model.json", "{}", 404),
    Bad(
      "PUT", "/admin/models/iris/labels/\(String(repeating: "x", count: 300))",
      "{\"version\":\"1\"}", 400),
    Bad("PUT", "/admin/models/iris/labels/%01", "{\"version\":\"1\"}", 400),
    Bad("POST", "/admin/models/\(String(repeating: "x", count: 300))/load", "", 400),
    Bad("POST", "/admin/models/iris/versions/%2e%2e/unload", "", 400),
    Bad("POST", "/admin/models/iris/versions/2%7f/load", "", 400),
    Bad("PUT", "/admin/models/iris/traffic", "{\"weights\":{\"1\":50,\"2\":51}}", 400),
    Bad(
      "PUT", "/admin/models/iris/traffic",
      "{\"weights\":{\"1\":100},\"shadow\":{\"version\":\"9\"}}", 404),
    Bad("PUT", "/admin/models/iris/versions/2/files/model.json", "{}", 409),
    Bad(
      "PUT", "/admin/models/iris/versions/4/files/model.json", String(repeating: "x", count: 5000),
      413),
  ]

  @Test(
    "refuse what is wrong with a clear 4xx and an audit line, and change nothing",
    arguments: Layout.allCases)
  func badInput(layout: Layout) async throws {
    try await Self.withAdmin(layout, ["--max-upload-bytes", "4000"]) { server, repository in
      let before = try await server.get("/admin/models").text
      for (index, bad) in Self.bad.enumerated() {
        let connection = try RawConnection(port: server.port)
        try connection.send(
          "\(bad.method) \(bad.path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            + "X-Request-Id: bad-\(index)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(bad.body.utf8.count)\r\n\r\n\(bad.body)")
        let reply = connection.read()
        #expect(reply.hasPrefix("HTTP/1.1 \(bad.status) "), "\(bad.testDescription): \(reply)")
        #expect(reply.contains("\"detail\""), "\(bad.testDescription)")
        // A path that no route has reaches the gate as well.
        let line = await server.process.logged("admin call", with: ["request_id": "bad-\(index)"])
        #expect(line?.fields["outcome"] != "done")
      }
      // An upload that does not tell its size is stopped where it grows too large.
      let connection = try RawConnection(port: server.port)
      let chunk = String(repeating: "x", count: 0xfff)
      try connection.send(
        "PUT /admin/models/iris/versions/3/files/model.json HTTP/1.1\r\nHost: x\r\n"
          + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "fff\r\n\(chunk)\r\nfff\r\n\(chunk)\r\n0\r\n\r\n")
      let reply = connection.read()
      #expect(reply.hasPrefix("HTTP/1.1 413 "), "\(reply)")
      #expect(try await server.get("/admin/models").text == before)
      let left = try FileManager.default.contentsOfDirectory(atPath: repository.root.path)
      #expect(left.sorted() == ["iris"])
    }
  }

  @Test(
    "refuse the slower of two admins who saw the same, and of two who upload the same",
    arguments: Layout.allCases)
  func twoAdmins(layout: Layout) async throws {
    try await Self.withAdmin(layout) { server, _ in
      let seen = try #require(try await server.get("/admin/models/iris").headers["etag"])
      let rule = "{\"weights\":{\"1\":50,\"2\":50}}"
      let path = "/admin/models/iris/traffic"
      let faster = try await Self.put(server, path, rule, headers: ["If-Match": seen])
      #expect(faster.status == 200)
      let slower = try await Self.put(
        server, path, "{\"weights\":{\"1\":100}}", headers: ["If-Match": seen])
      #expect(slower.status == 412)
      #expect(try await server.get("/admin/models/iris").text == faster.text)

      let model = try Data(contentsOf: HotSwapTests.new)
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          group.addTask {
            try await server.request(
              "PUT", "/admin/models/iris/versions/5/files/model.json", body: model
            ).status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [201, 409, 409, 409])
    }
  }

  @Test("refuse to unload a version that a label or a rule needs", arguments: Layout.allCases)
  func needed(layout: Layout) async throws {
    try await Self.withAdmin(layout) { server, _ in
      _ = try await Self.put(server, "/admin/models/iris/labels/stable", "{\"version\":\"1\"}")
      #expect(try await server.post("/admin/models/iris/versions/1/unload", "").status == 409)
      _ = try await server.post("/admin/models/iris/versions/2/unload", "")
      let reply = try await Self.put(
        server, "/admin/models/iris/labels/canary", "{\"version\":\"2\"}")
      #expect(reply.status == 409)
      #expect(reply.json["code"] as? String == "version_not_ready")
      let rule = try await Self.put(
        server, "/admin/models/iris/traffic", "{\"weights\":{\"1\":50,\"2\":50}}")
      #expect(rule.status == 409)
      #expect(rule.json["code"] as? String == "version_not_ready")
      let status = try await server.get("/admin/models/iris").text
      #expect(status.contains("\"labels\":{\"stable\":\"1\"}") && !status.contains("weights"))
    }
  }

  @Test("survive a restart, whatever they changed", arguments: Layout.allCases)
  func restart(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try Self.twoVersions(in: folder)
      try repository.add("other", version: "1", file: HotSwapTests.old)
      var before = ""
      try await layout.withServer(repository.root, ["--admin"]) { server in
        #expect(try await server.post("/admin/models/iris/versions/1/load", "").status == 200)
        _ = try await Self.put(server, "/admin/models/iris/labels/stable", "{\"version\":\"1\"}")
        _ = try await Self.put(
          server, "/admin/models/iris/traffic",
          "{\"weights\":{\"1\":90,\"2\":10},\"sticky_header\":\"X-User\",\"shadow\":{\"version\":\"2\"}}"
        )
        #expect(try await server.post("/admin/models/other/unload", "").status == 200)
        before = try await server.get("/admin/models").text
      }
      try await layout.withServer(repository.root, ["--admin"]) { server in
        let after = try await server.get("/admin/models").text
        #expect(after == before)
        #expect(before.contains("\"X-User\""))
        #expect(try await server.post(Self.path + "&model=other", QueueTests.body).status == 404)
      }
    }
  }

  @Test("are off without --admin, for this machine alone without a token, and else for its bearer")
  func access() async throws {
    try await withTemporaryFolder { folder in
      let repository = try Self.twoVersions(in: folder)
      try await withCoppiceServer([repository.root.path]) { server in
        let reply = try await server.get("/admin/models")
        #expect(reply.status == 403)
        #expect(reply.json["code"] as? String == "admin_is_off")
        #expect(try await server.post("/v2/repository/models/iris/unload", "").status == 403)
      }
      // A request that a proxy passed on is not one of this machine.
      let foreign = ["X-Forwarded-For": "192.0.2.1"]
      try await withCoppiceServer([repository.root.path, "--admin"]) { server in
        for (headers, status) in [
          ([:], 200), (foreign, 403), (["Origin": "http://example.com"], 403),
        ] {
          let reply = try await server.request("GET", "/admin/models", headers: headers)
          #expect(reply.status == status)
        }
      }
      let token = folder.appending(path: "token")
      try Data("0123456789abcdef\n".utf8).write(to: token)
      try await withCoppiceServer(
        [repository.root.path, "--admin", "--admin-token-file", token.path]
      ) { server in
        let none = try await server.request("GET", "/admin/models", headers: foreign)
        #expect(none.status == 401)
        #expect(none.headers["www-authenticate"] == "Bearer")
        for (value, status) in [
          ("Bearer 0123456789abcdef", 200), ("Bearer 0123456789abcdeg", 401), ("Bearer ", 401),
          ("Basic 0123456789abcdef", 401),
        ] {
          let reply = try await server.request(
            "GET", "/admin/models", headers: foreign.merging(["Authorization": value]) { $1 })
          #expect(reply.status == status, "\(value)")
        }
      }
      let missing = try CoppiceProcess(
        ["serve", repository.root.path, "--port", "0", "--admin", "--admin-token-file", "/none"])
      #expect(await missing.exitCode() != 0)
    }
  }
}
