import TestSupport
import Testing

@testable import Redis

@Suite("A Redis Cluster", .timeLimit(.minutes(2)))
struct RedisRedirectionTests {
  private static let options = ["--cluster-enabled", "yes"]
  private static let key = "{coppice}:jobs"

  @Test("is used at the node that has the key, whichever is named, also when its slot has moved")
  func follows() async throws {
    try await withRedis(options: Self.options) { a in
      try await withRedis(options: Self.options) { b in
        let (first, second) = (try RedisClientTests.client(a), try RedisClientTests.client(b))
        var configuration = try RedisConfiguration(url: b.url)
        configuration.clusterKey = Self.key
        let redis = RedisClient(configuration, logger: .quiet)
        try await withServices([first, second]) {
          #expect(await first.connected())
          #expect(await second.connected())
          // One node has all slots, and the other one knows.
          _ = try await first.send(
            RedisCommand(["CLUSTER", "ADDSLOTS"] + (0..<16_384).map { .integer($0) }))
          _ = try await first.send(["CLUSTER", "MEET", .text(b.host), .integer(b.port)])
          #expect(try await eventually { try await Self.answer(second) == "MOVED" })
          #expect(try await eventually { try await Self.answer(first) == "1" })
          try await withServices([redis]) {
            #expect(await redis.connected())
            #expect(try await Self.answer(redis) == "1")
            // The slot moves, without keys.
            _ = try await first.send(["FLUSHALL"])
            let slot = try await first.send(["CLUSTER", "KEYSLOT", .text(Self.key)])
            let owner = try #require(try await second.send(["CLUSTER", "MYID"]).text)
            for node in [second, first] {
              _ = try await node.send(
                ["CLUSTER", "SETSLOT", .integer(slot.integer ?? 0), "NODE", .text(owner)])
            }
            #expect(try await Self.answer(first) == "MOVED")
            #expect(try await eventually { try await Self.answer(redis) == "1" })
            #expect(try await second.send(["EXISTS", .text(Self.key)]).integer == 1)
          }
        }
      }
    }
  }

  /// What a node says when it is to note something at the key: `1`, or the code of its error.
  private static func answer(_ redis: RedisClient) async throws -> String? {
    do throws(RedisError) {
      _ = try await redis.send(["SET", .text(key), 1])
      return try await redis.send(["GET", .text(key)]).text
    } catch {
      return error.serverCode
    }
  }
}
