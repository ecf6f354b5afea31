import Foundation
import Redis
import Testing
import TestSupport

@Suite("Redis over TLS", .timeLimit(.minutes(5)))
struct RedisTLSTests {
  @Test("encrypts, and checks who vouches for the server and its name")
  func encrypted() async throws {
    try await withTemporaryFolder { folder in
      let certificate = folder.appending(path: "server.pem").path
      let key = folder.appending(path: "server.key").path
      try openssl([
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate,
      ])
      let port = try freePort()
      let options = [
        "--tls-port", "\(port)", "--tls-cert-file", certificate, "--tls-key-file", key,
        "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no",
      ]
      try await withRedis(options: options) { _ in
        for host in ["localhost", "127.0.0.1"] {
          var configuration = try RedisConfiguration(url: "rediss://\(host):\(port)")
          configuration.certificateAuthorityFile = certificate
          let client = RedisClient(configuration, logger: .quiet)
          try await withServices([client]) {
            #expect(await client.connected())
            let reply = try await client.send(["PING"])
            #expect(reply.text == "PONG")
          }
        }
        let strict = RedisClient(
          try RedisConfiguration(url: "rediss://localhost:\(port)"), logger: .quiet)
        let unknown = await #expect(throws: RedisError.self) { try await strict.connect(name: "x") }
        #expect(unknown?.code == .unavailable)
        var wrong = try RedisConfiguration(url: "rediss://localhost:\(port)")
        wrong.certificateAuthorityFile = folder.appending(path: "none.pem").path
        let missing = RedisClient(wrong, logger: .quiet)
        let error = await #expect(throws: RedisError.self) { try await missing.connect(name: "x") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("none.pem") == true)
      }
    }
  }

  private func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
