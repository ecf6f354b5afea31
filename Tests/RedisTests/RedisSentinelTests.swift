import Foundation
import Redis
import Testing
import TestSupport

/// A part of `make chaos`: a failover takes up to half a minute.
@Suite(
  "Redis behind Sentinels", .timeLimit(.minutes(5)),
  .enabled(if: ProcessInfo.processInfo.environment["COPPICE_CHAOS"] != nil))
struct RedisSentinelTests {
  @Test("follows the Sentinels to the new primary when the old one dies")
  func failover() async throws {
    try await withRedis { primary in
      try await withRedis(options: ["--replicaof", "127.0.0.1", "\(primary.port)"]) { replica in
        try await withSentinel(of: primary) { port in
          // The first Sentinel is not there; the second one is asked.
          let url = "redis+sentinel://127.0.0.1:1,127.0.0.1:\(port)/main"
          var configuration = try RedisConfiguration(url: url)
          configuration.backoff = Backoff(base: .milliseconds(20), cap: .milliseconds(200))
          let client = RedisClient(configuration, logger: .quiet)
          try await withServices([client]) {
            #expect(await client.connected())
            _ = try await client.send(["SET", "a", "1"])
            // The replica must have heard of it, and the Sentinel of the replica.
            try await until { try await client.send(["WAIT", 1, 100]).integer == 1 }
            try await until { try replicas(port) == 1 }
            await primary.kill()
            try await until {
              (try? await client.send(["SET", "b", "2"])) != nil
            }
            let kept = try await client.send(["GET", "a"])
            #expect(kept.text == "1")
            let info = try await client.send(["CONFIG", "GET", "port"])
            #expect(info["port"]?.text == "\(replica.port)")
          }
        }
      }
    }
  }

  @Test("leaves a primary that has become a replica")
  func demoted() async throws {
    try await withRedis { primary in
      try await withSentinel(of: primary) { port in
        let client = RedisClient(
          try RedisConfiguration(url: "redis+sentinel://127.0.0.1:\(port)/main"), logger: .quiet)
        let connection = try await client.connect(name: "x")
        _ = try await connection.send(["SET", "a", "1"])
        let other = RedisClient(try RedisConfiguration(url: primary.url), logger: .quiet)
        let admin = try await other.connect(name: "admin")
        _ = try await admin.send(["REPLICAOF", "127.0.0.1", .integer(try freePort())])
        let error = await #expect(throws: RedisError.self) {
          try await connection.send(["SET", "a", "2"])
        }
        #expect(error?.serverCode == "READONLY")
        _ = await connection.closed()
        admin.close()
      }
    }
  }

  @Test("says that no Sentinel knows the primary")
  func unknown() async throws {
    try await withRedis { primary in
      try await withSentinel(of: primary) { port in
        let client = RedisClient(
          try RedisConfiguration(url: "redis+sentinel://127.0.0.1:\(port)/other"), logger: .quiet)
        let error = await #expect(throws: RedisError.self) { try await client.connect(name: "x") }
        #expect(error?.message.contains("other") == true)
      }
    }
  }

  private func replicas(_ sentinel: Int) throws -> Int? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["redis-cli", "-p", "\(sentinel)", "SENTINEL", "REPLICAS", "main"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.contains("runid\n\n") ? 0 : text.split(separator: "\n").count { $0 == "runid" }
  }

  private func withSentinel(
    of primary: RedisServer, _ body: (Int) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let port = try freePort()
      let file = folder.appending(path: "sentinel.conf")
      try """
      port \(port)
      dir \(folder.path)
      sentinel monitor main 127.0.0.1 \(primary.port) 1
      sentinel down-after-milliseconds main 500
      sentinel failover-timeout main 3000

      """.write(to: file, atomically: true, encoding: .utf8)
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["redis-server", file.path, "--sentinel"]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      defer {
        // A thread that starts processes may block other signals, and they inherit that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
      let sentinel = RedisClient(
        try RedisConfiguration(url: "redis://127.0.0.1:\(port)"), logger: .quiet)
      try await until {
        guard let connection = try? await sentinel.connect(name: "probe") else { return false }
        connection.close()
        return true
      }
      try await body(port)
    }
  }
}
