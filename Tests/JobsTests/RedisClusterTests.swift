import Foundation
import Jobs
import NIOCore
import Redis
import TestSupport
import Testing

/// A part of `make chaos`: a cluster takes some seconds to form.
@Suite(
  "A queue in a Redis Cluster", .timeLimit(.minutes(5)),
  .enabled(if: ProcessInfo.processInfo.environment["COPPICE_CHAOS"] != nil))
struct RedisClusterTests {
  private static let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]

  @Test("has all its keys in one slot, so that every script runs on the node that has it")
  func oneSlot() async throws {
    try await withRedis(options: Self.options) { a in
      try await withRedis(options: Self.options) { b in
        try await withRedis(options: Self.options) { c in
          let nodes = [a, b, c]
          try Self.cli(
            ["--cluster", "create"] + nodes.map { "127.0.0.1:\($0.port)" } + ["--cluster-yes"])
          var owner: RedisServer?
          #expect(
            try await eventually {
              owner = try nodes.first {
                try Self.cli(["-p", "\($0.port)", "SET", "{coppice}:probe", "1", "PX", "1"]) == "OK"
              }
              return owner != nil
            })
          try await work(on: #require(owner))
          // Another node says where to go.
          try await work(on: #require(nodes.first { $0 !== owner }))
        }
      }
    }
  }

  /// Waiting and durable jobs, pieces, cancelling, lists.
  private func work(on node: RedisServer) async throws {
    try await QueueFixture(node).run(keepingJobs: true) { fixture in
      try await during {
        await fixture.source.echo()
      } _: {
        for index in 0..<100 {
          let answer = try await fixture.submit("\(index)")
          #expect(answer == "\(index)!")
        }
        let job = DurableJob(
          deadline: .after(.seconds(60)), webhook: "https://example.org/",
          idempotency: .init(key: "key of \(node.port)", hash: "hash"))
        let id = try await fixture.queue.open(job)
        for number in 0..<20 {
          try await fixture.queue.append(
            ByteBuffer(string: "\(number)"), rows: 1, number: number, to: id, as: job)
        }
        #expect(try await fixture.queue.seal(id, as: job).isNew)
        let end = await fixture.queue.end(of: id, by: .after(.seconds(20)))
        #expect(end?.state == .done)
        let last = try await fixture.queue.answer(to: 19, of: id)
        #expect(last == ByteBuffer(string: "19!"))
        #expect(try await fixture.queue.list(.done, after: nil, limit: 10).jobs.map(\.id) == [id])
        #expect(try await fixture.queue.takeWebhooks(lease: .seconds(1)) == [id])
        try await fixture.queue.forget(id)
      }
    }
  }

  @discardableResult
  private static func cli(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["redis-cli"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
