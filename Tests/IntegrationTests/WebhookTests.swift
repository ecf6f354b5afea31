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

  @Test(
    "never go to this machine or a private network unless allowed",
    arguments: [
      "http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://10.0.0.1/",
      "http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]:1/", "http://0.0.0.0:1/",
    ])
  func privateAddresses(url: String) async throws {
    try await withIrisServer(["--jobs-file", "memory", "--webhook-secret", Self.secret]) { server in
      let accepted = try await server.post(
        "/api/jobs?webhook=" + url.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!,
        QueueTests.body)
      #expect(accepted.status == 202)
      let line = try #require(await server.process.logged("webhook given up"))
      #expect(line.fields["reason"]?.contains("public") == true)
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
