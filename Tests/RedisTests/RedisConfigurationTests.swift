import Testing

@testable import Redis

@Suite("Redis URL")
struct RedisConfigurationTests {
  @Test("reads all its parts")
  func parts() throws {
    let full = try RedisConfiguration(url: "redis://anna:p%40ss:w/rd@db.example:7000/3")
    #expect(full.host == "db.example")
    #expect(full.port == 7000)
    #expect(full.username == "anna")
    #expect(full.password == Secret("p@ss:w/rd"))
    #expect(full.database == 3)

    let short = try RedisConfiguration(url: "redis://localhost")
    #expect(short.host == "localhost")
    #expect(short.port == 6379)
    #expect(short.username == nil)
    #expect(short.password == nil)
    #expect(short.database == 0)

    let secret = try RedisConfiguration(url: "REDIS://:secret@[::1]:6380/")
    #expect(secret.host == "::1")
    #expect(secret.port == 6380)
    #expect(secret.username == nil)
    #expect(secret.password == Secret("secret"))
    #expect(secret.address == "[::1]:6380")
  }

  @Test(
    "refuses what it cannot use, without saying the password",
    arguments: [
      "", "localhost:6379", "http://:hunter2@host", "redis://", "redis://:hunter2@",
      "redis://host:0",
      "redis://host:65536", "redis://host:x", "redis://:hunter2@host/x", "redis://:hunter2@host/-1",
      "redis://::1", "redis://[::1", "redis://[::1]x", "redis://:hunter2%4@host",
      "redis://:hunter2%zz@host", "redis://:hunter2%ff@host", "redis+sentinel://:hunter2@host",
      "redis://a b", "redis://host?x=1",
    ])
  func refuses(url: String) {
    let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.contains("Redis URL") == true)
    #expect(error?.message.contains("hunter2") == false)
  }

  @Test("reads what stands for TLS and for Sentinels")
  func variants() throws {
    let encrypted = try RedisConfiguration(url: "rediss://:p@host")
    #expect(encrypted.usesTLS)
    #expect(encrypted.port == 6379)
    #expect("\(encrypted)" == "rediss://default:•••@host:6379/0")
    let watched = try RedisConfiguration(url: "redis+sentinel://:p@a:1,b,[::1]:2/main/3")
    #expect(!watched.usesTLS)
    #expect(watched.primaryName == "main")
    #expect(watched.database == 3)
    #expect(watched.sentinels.map { "\($0)" } == ["a:1", "b:26379", "[::1]:2"])
    #expect("\(watched)" == "redis+sentinel://default:•••@a:1,b:26379,[::1]:2/main/3")
  }

  @Test("never prints the password")
  func secrecy() throws {
    let configuration = try RedisConfiguration(url: "redis://anna:hunter2@host")
    #expect("\(configuration)" == "redis://anna:•••@host:6379/0")
    var dumped = ""
    dump(configuration, to: &dumped)
    #expect(!dumped.contains("hunter2"))
    #expect(!String(reflecting: configuration).contains("hunter2"))
  }

  @Test("backs off with growing, capped, random waits")
  func backoff() {
    let backoff = Backoff(base: .milliseconds(100), cap: .seconds(1))
    var random = SplitMix(state: 1)
    for (attempt, limit) in [(0, 0.1), (1, 0.2), (2, 0.4), (5, 1.0), (1_000_000, 1.0)] {
      let delays = (0..<200).map { _ in backoff.delay(attempt: attempt, using: &random) }
      #expect(delays.allSatisfy { $0 >= .zero && $0 <= .seconds(limit) })
      #expect(delays.contains { $0 > .seconds(limit) * 0.9 })
      #expect(delays.contains { $0 < .seconds(limit) * 0.1 })
    }
  }
}
