package import NIOCore
import NIOPosix
import NIOSSL

/// One connection to Redis: commands go out at once, one behind the other, and are answered in
/// that order.
///
/// A command that has been sent cannot be taken back, so sending is not cancelled with the task: it
/// ends with the answer, the end of the connection, or its timeout, which ends the connection.
public final class RedisConnection: Sendable {
  /// What Redis calls this connection, for `CLIENT UNBLOCK`.
  public let id: Int
  /// How many milliseconds Redis's clock is ahead of this machine's, as far as the greeting told.
  let clockOffset: Int64
  /// The error that says that another server is the right one now, which a new connection finds.
  private let farewell: String?
  private let address: String
  private let channel: any Channel
  private let handler: NIOLoopBound<RedisChannelHandler>
  private let commandTimeout: TimeAmount

  private init(
    id: Int, clockOffset: Int64 = 0, farewell: String? = nil, address: String,
    channel: any Channel,
    handler: NIOLoopBound<RedisChannelHandler>, commandTimeout: TimeAmount
  ) {
    self.id = id
    self.clockOffset = clockOffset
    self.farewell = farewell
    self.address = address
    self.channel = channel
    self.handler = handler
    self.commandTimeout = commandTimeout
  }

  /// Connects, logs in and chooses the database.
  ///
  /// - Throws: `unavailable` when nobody listens, `authentication` when the user or password is
  ///   wrong, `timeout`, or what else Redis answers.
  static func connect(
    _ configuration: RedisConfiguration, on eventLoop: any EventLoop
  ) async throws(RedisError) -> RedisConnection {
    guard configuration.primaryName != nil else {
      return try await openOwner(configuration, on: eventLoop)
    }
    let primary = try await RedisSentinel(configuration).primary(on: eventLoop)
    let connection = try await open(primary, on: eventLoop)
    do throws(RedisError) {
      let role = try await connection.send(["ROLE"]).elements?.first?.text
      guard role == "master" else {
        throw RedisError(
          .unavailable, "Redis at \(primary.address) is \(role ?? "none"), no primary (any more)")
      }
      return connection
    } catch {
      connection.close()
      throw error
    }
  }

  /// Opens a connection to the host and the port of the configuration.
  static func open(
    _ configuration: RedisConfiguration, on eventLoop: any EventLoop
  ) async throws(RedisError) -> RedisConnection {
    let timeout = TimeAmount(configuration.connectTimeout)
    let address = configuration.address
    let opened: (any Channel, NIOLoopBound<RedisChannelHandler>)
    let tls = try configuration.tlsContext
    let host = configuration.host
    // An address has no name to ask for; it is checked against the certificate all the same.
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    do {
      opened = try await ClientBootstrap(group: eventLoop)
        .connectTimeout(timeout)
        .channelOption(.socketOption(.so_keepalive), value: 1)
        .channelOption(
          .recvAllocator,
          value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: 256 << 10)
        )
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            if let tls {
              try channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host))
            }
            try channel.pipeline.syncOperations.addHandler(RedisChannelHandler(address: address))
          }
        }
        .connect(host: host, port: configuration.port)
        .flatMapThrowing { channel in
          let handler = try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self)
          return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }.get()
    } catch {
      throw RedisError(.unavailable, "cannot connect to Redis at \(address): \(reason(error))")
    }
    let greeter = RedisConnection(
      id: 0, address: address, channel: opened.0, handler: opened.1, commandTimeout: timeout)
    do throws(RedisError) {
      let (id, clockOffset) = try await greeter.greet(configuration)
      return RedisConnection(
        id: id, clockOffset: clockOffset, farewell: configuration.farewell,
        address: address, channel: opened.0, handler: opened.1,
        commandTimeout: TimeAmount(configuration.commandTimeout))
    } catch {
      greeter.close()
      throw error
    }
  }

  /// - Returns: the connection's number, and the offset of Redis's clock.
  private func greet(
    _ configuration: RedisConfiguration
  ) async throws(RedisError) -> (Int, Int64) {
    var hello: RedisCommand = ["HELLO", 3]
    if let password = configuration.password {
      hello.arguments += [
        "AUTH", .text(configuration.username ?? "default"), .text(password.value),
      ]
    }
    hello.arguments += ["SETNAME", .text(configuration.clientName)]
    var commands = [hello]
    if configuration.database != 0 {
      commands.append(["SELECT", .integer(configuration.database)])
    }
    commands.append(["TIME"])
    var id = 0
    var time: RESPValue = .null
    let before = UnixTime.milliseconds
    for (index, reply) in try await send(commands).enumerated() {
      if index == commands.count - 1 {
        time = reply
        break
      }
      do throws(RedisError) {
        let reply = try reply.get()
        if index == 0 { id = reply["id"]?.integer ?? 0 }
      } catch {
        throw RedisError(
          error.code, "Redis at \(address) refused the login: \(error.message)",
          serverCode: error.serverCode)
      }
    }
    let roundTrip = UnixTime.milliseconds - before
    // A Sentinel has no such command, and an ACL may not allow it: then the clocks count as equal.
    if case .error = time { return (id, 0) }
    guard let parts = time.elements, parts.count == 2, let seconds = parts[0].integer,
      let microseconds = parts[1].integer, 0..<(1 << 40) ~= seconds
    else { throw RedisError(.damagedReply, "Redis at \(address) does not tell the time") }
    let offset = Int64(seconds) * 1000 + Int64(microseconds / 1000) - (before + roundTrip / 2)
    // What a round trip may hide is no difference.
    return (id, abs(offset) < 20 + abs(roundTrip) / 2 ? 0 : offset)
  }

  /// Sends a command and waits for its answer.
  ///
  /// - Parameter blocking: how long the command may block inside Redis, beyond the time that any
  ///   command may take.
  /// - Throws: also when Redis answers with an error.
  public func send(
    _ command: RedisCommand, blocking: Duration = .zero
  ) async throws(RedisError) -> RESPValue {
    try await send([command], blocking: blocking)[0].get()
  }

  /// Sends commands in one go and waits for all answers, errors among them as values.
  public func send(
    _ commands: [RedisCommand], blocking: Duration = .zero
  ) async throws(RedisError) -> [RESPValue] {
    guard !commands.isEmpty else { return [] }
    return try await withCheckedContinuation { continuation in
      perform(commands, blocking: blocking) { continuation.resume(returning: $0) }
    }.get()
  }

  /// Sends commands in one go; `completion` is called on the event loop.
  package func perform(
    _ commands: [RedisCommand], blocking: Duration = .zero,
    completion: @escaping @Sendable (Result<[RESPValue], RedisError>) -> Void
  ) {
    var buffers = [channel.allocator.buffer(capacity: 256)]
    for command in commands { command.encode(into: &buffers) }
    let hasScripts = commands.contains { $0.script != nil }
    let timeout = commandTimeout + TimeAmount(blocking)
    channel.eventLoop.execute { [buffers] in
      self.handler.value.send(buffers, replyCount: commands.count, timeout: timeout) { result in
        if let farewell = self.farewell, case .success(let replies) = result,
          replies.contains(where: { $0.isError(farewell) })
        {
          self.close()
        }
        if hasScripts, case .success(let replies) = result {
          self.retryUnknownScripts(commands, replies, completion)
        } else {
          completion(result)
        }
      }
    }
  }

  /// Sends again, in full, the scripts that Redis did not know by their hash.
  private func retryUnknownScripts(
    _ commands: [RedisCommand], _ replies: [RESPValue],
    _ completion: @escaping @Sendable (Result<[RESPValue], RedisError>) -> Void
  ) {
    let unknown = replies.indices.filter { replies[$0].isError("NOSCRIPT") }
    guard !unknown.isEmpty else { return completion(.success(replies)) }
    perform(unknown.compactMap { commands[$0].withText }) { result in
      completion(
        result.map { again in
          var replies = replies
          for (index, reply) in zip(unknown, again) { replies[index] = reply }
          return replies
        })
    }
  }

  /// Where its answers come in.
  package var eventLoop: any EventLoop { channel.eventLoop }

  func execute(_ work: @escaping @Sendable () -> Void) { channel.eventLoop.execute(work) }

  /// Ends the connection; commands under way fail.
  public func close() {
    channel.eventLoop.execute {
      self.handler.value.close(RedisError(.closed, "the connection to Redis was closed"))
    }
  }

  /// Waits for the end of the connection and says why it ended; a cancelled task ends it.
  package func closed() async -> RedisError {
    await withTaskCancellationHandler {
      let reason = try? await channel.closeFuture.flatMapThrowing { self.handler.value.closeReason }
        .get()
      return reason ?? RedisError(.closed, "the connection to Redis was closed")
    } onCancel: {
      close()
    }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? NIOConnectionError else { return "\(error)" }
    if let first = error.connectionErrors.first { return "\(first.error)" }
    return "the name \(error.host) cannot be resolved"
  }
}
