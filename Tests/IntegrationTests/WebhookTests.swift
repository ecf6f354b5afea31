import Foundation
import TestSupport
import Testing

@Suite("Webhooks of jobs", .timeLimit(.minutes(5)))
struct WebhookTests {
  private static let secret = "a secret of the test"

  @Test("are signed, and told again until someone takes them", arguments: JobHome.allCases)
  func delivery(home: JobHome) async throws {
    let receiver = try HTTPReceiver(statuses: [500])
    defer { receiver.stop() }
    try await home.run(["--webhook-secret", Self.secret, "--allow-private-webhooks"]) { server in
      let url = "http://127.0.0.1:\(receiver.port)/done?x=1"
      let accepted = try await server.post(
        "/api/jobs?webhook=" + url.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!,
        QueueTests.body)
      #expect(accepted.status == 202, "\(accepted.text)")
      let id = try #require(accepted.json["id"] as? String)
      var messages: [HTTPReceiver.Message] = []
      for await message in receiver.messages {
        messages.append(message)
        if messages.count == 2 { break }
      }
      for message in messages {
        let body = String(decoding: message.body, as: UTF8.self)
        #expect(body.contains("\"status\":\"done\""))
        #expect(message.headers["webhook-id"] == id)
        let time = try #require(message.headers["webhook-timestamp"])
        let signature = try Self.signature("\(id).\(time).\(body)")
        #expect(message.headers["webhook-signature"] == "v1," + signature)
      }
    }
  }

  @Test("do not go where a redirect leads")
  func redirect() async throws {
    let target = try HTTPReceiver()
    let receiver = try HTTPReceiver(
      statuses: [307], location: "http://127.0.0.1:\(target.port)/")
    defer { receiver.stop() }
    let arguments = ["--webhook-secret", Self.secret, "--allow-private-webhooks"]
    try await JobHome.file.run(arguments) { server in
      let accepted = try await server.post(
        "/api/jobs?webhook=http%3A%2F%2F127.0.0.1%3A\(receiver.port)", QueueTests.body)
      #expect(accepted.status == 202)
      var messages = receiver.messages.makeAsyncIterator()
      _ = await messages.next()
      // It is told again where it was to be told, and taken there.
      _ = await messages.next()
      target.stop()
      for await _ in target.messages { Issue.record("the redirect was followed") }
    }
  }

  /// Addresses by number in every clothing, and names that lead to such.
  private static let privateURLs = [
    "http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://10.0.0.1/",
    "http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]:1/", "http://0.0.0.0:1/",
    "http://2130706433:1/", "http://0x7f.1:1/", "http://127.1:1/", "http://172.16.0.1/",
    "http://192.168.0.1/", "http://100.64.0.1/", "http://224.0.0.1/", "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::7f00:1]:1/", "http://[2002:7f00:1::]:1/", "http://[fd00::1]/",
    "http://[fe80::1]/",
  ]

  @Test("never go to this machine or a private network unless allowed")
  func privateAddresses() async throws {
    try await withIrisServer(["--jobs-file", "memory", "--webhook-secret", Self.secret]) { server in
      for (index, url) in Self.privateURLs.enumerated() {
        let accepted = try await server.post(
          "/api/jobs?webhook=" + url.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!,
          QueueTests.body)
        #expect(accepted.status == 202, "\(url)")
        let line = try #require(
          await server.process.logged("webhook given up", count: index + 1), "\(url)")
        #expect(line.fields["reason"]?.contains("public") == true, "\(url)")
      }
    }
  }

  @Test(
    "are refused when they are no URLs",
    arguments: [
      "ftp://example.org/", "http://", "http://user@example.org/", "http://a:0/", "//x",
      "http://[::1/",
    ])
  func malformed(url: String) async throws {
    try await withIrisServer(["--jobs-file", "memory", "--webhook-secret", Self.secret]) { server in
      let reply = try await server.post(
        "/api/jobs?webhook=" + url.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!,
        QueueTests.body)
      #expect(reply.status == 400)
      #expect(reply.json["code"] as? String == "invalid_webhook")
    }
  }

  /// The Base64 of HMAC-SHA256, as OpenSSL works it out.
  private static func signature(_ text: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl", "dgst", "-sha256", "-hmac", secret, "-binary"]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data(text.utf8))
    try input.fileHandleForWriting.close()
    return output.fileHandleForReading.readDataToEndOfFile().base64EncodedString()
  }
}
