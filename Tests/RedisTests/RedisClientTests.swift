import NIOCore
import NIOPosix
import Testing
import TestSupport

@testable import Redis

@Suite("Redis client", .timeLimit(.minutes(5)))
struct RedisClientTests {
  static func client(_ server: RedisServer) throws -> RedisClient {
    RedisClient(try RedisConfiguration(url: server.url), logger: .quiet)
  }

  @Test("sends commands and reads answers of any bytes")
  func roundTrip() async throws {
    try await withRedis { server in
      let redis = try Self.client(server)
      try await withServices([redis]) {
        #expect(await redis.connected())
        let bytes = ByteBuffer(bytes: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7) })
        let answer = try await redis.send(["SET", "k", .bytes(bytes)])
        #expect(answer.text == "OK")
        #expect(try await redis.send(["GET", "k"]).bytes == bytes)
        #expect(try await redis.send(["GET", "none"]) == .null)
        #expect(try await redis.send(["INCRBY", "n", 41]).integer == 41)
      }
    }
  }

  @Test("answers a thousand tasks over one connection, each with its own answer")
  func concurrency() async throws {
    try await withRedis { server in
      let redis = try Self.client(server)
      try await withServices([redis]) {
        #expect(await redis.connected())
        try await withThrowingTaskGroup(of: Bool.self) { group in
          for index in 0..<1_000 {
            group.addTask { try await redis.send(["ECHO", "\(index)"]).integer == index }
          }
          for try await isRight in group { #expect(isRight) }
        }
        #expect(
          try await redis.send(["CLIENT", "LIST"]).text?.contains("name=coppice") == true)
      }
    }
  }

  @Test("takes a slow greeting for no difference between the clocks")
  func slowGreeting() async throws {
    try await withRedis { server in
      let redis = try Self.client(server)
      server.freeze()
      let goOn = ContinuousClock.now + .milliseconds(300)
      try await withServices([redis]) {
        try await until { ContinuousClock.now > goOn }
        server.thaw()
        #expect(await redis.connected())
        #expect(redis.clockOffset == 0)
      }
    }
  }

  @Test("turns an error of Redis into its own error, and goes on")
  func serverError() async throws {
    try await withRedis { server in
      let redis = try Self.client(server)
      try await withServices([redis]) {
        #expect(await redis.connected())
        let replies = try await redis.send([["SET", "k", "v"], ["INCR", "k"], ["NOPE"]])
        #expect(replies[0].text == "OK")
        #expect(throws: RedisError.self) { try replies[2].get() }
        let error = await #expect(throws: RedisError.self) { try await redis.send(["LPOP", "k"]) }
        #expect(error?.code == .server)
        #expect(error?.serverCode == "WRONGTYPE")
        #expect(try await redis.send(["PING"]).text == "PONG")
      }
    }
  }

  @Test("sends a script in full where Redis does not know it, also after it forgot")
  func scripts() async throws {
    try await withRedis { server in
      let redis = try Self.client(server)
      let script = RedisScript("return {KEYS[1], ARGV[1] * 2}")
      try await withServices([redis]) {
        #expect(await redis.connected())
        for _ in 0..<3 {
          let call = RedisCommand.evaluate(script, keys: ["k"], arguments: [21])
          let replies = try await redis.send([["PING"], call, ["PING"], call])
          #expect(replies[1] == .array([.string("k"), .integer(42)]))
          #expect(replies[3] == replies[1])
          #expect(replies[2].text == "PONG")
          _ = try await redis.send(["SCRIPT", "FLUSH"])
        }
      }
    }
  }

  @Test("fails at once while Redis is down and comes back by itself")
  func reconnect() async throws {
    try await withRedis { server in
      let redis = try Self.client(server)
      try await withServices([redis]) {
        #expect(await redis.connected())
        let connection = try await redis.connect(name: "watch")
        await server.kill()
        #expect(await connection.closed().code == .unavailable)
        // The connection under test may learn of the end a moment later than the watching one.
        try await until { !redis.isConnected }
        let time = await ContinuousClock().measure {
          let error = await #expect(throws: RedisError.self) { try await redis.send(["PING"]) }
          #expect(error?.code == .unavailable)
        }
        #expect(time < .milliseconds(100))
        try await server.start()
        #expect(await redis.connected())
        #expect(try await redis.send(["PING"]).text == "PONG")
      }
    }
  }

  @Test("gives up on a Redis that does not answer, and recovers when it does")
  func frozen() async throws {
    try await withRedis { server in
      var configuration = try RedisConfiguration(url: server.url)
      configuration.commandTimeout = .milliseconds(200)
      configuration.connectTimeout = .milliseconds(200)
      let redis = RedisClient(configuration, logger: .quiet)
      try await withServices([redis]) {
        #expect(await redis.connected())
        server.freeze()
        let slow = await #expect(throws: RedisError.self) { try await redis.send(["PING"]) }
        #expect(slow?.code == .timeout)
        try await until { !redis.isConnected }
        let time = await ContinuousClock().measure {
          _ = await #expect(throws: RedisError.self) { try await redis.send(["PING"]) }
        }
        #expect(time < .milliseconds(100))
        server.thaw()
        #expect(await redis.connected())
        let pong = try await redis.send(["PING"])
        #expect(pong.text == "PONG")
      }
    }
  }

  @Test("says that the password is wrong or missing, and takes the right one")
  func password() async throws {
    try await withRedis(password: "hunter2") { server in
      for url in ["redis://:wrong@127.0.0.1:\(server.port)", "redis://127.0.0.1:\(server.port)"] {
        let redis = RedisClient(try RedisConfiguration(url: url), logger: .quiet)
        let error = await #expect(throws: RedisError.self) { try await redis.connect(name: "x") }
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("wrong@") == false)
      }
      let redis = try Self.client(server)
      let connection = try await redis.connect(name: "x")
      #expect(try await connection.send(["PING"]).text == "PONG")
      connection.close()
    }
  }

  @Test("says that nobody listens")
  func refused() async throws {
    let configuration = RedisConfiguration(port: try freePort())
    let redis = RedisClient(configuration, logger: .quiet)
    let error = await #expect(throws: RedisError.self) { try await redis.connect(name: "x") }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("127.0.0.1:\(configuration.port)") == true)
  }

  @Test("closes the connection on bytes that are not RESP3")
  func notRedis() async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(WrongProtocol())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    let redis = RedisClient(RedisConfiguration(port: port), logger: .quiet)
    let error = await #expect(throws: RedisError.self) { try await redis.connect(name: "x") }
    #expect(error?.code == .damagedReply)
    try await server.close()
  }
}

/// A server that answers anything as an HTTP server would.
private final class WrongProtocol: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let answer = ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n")
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
  }
}
