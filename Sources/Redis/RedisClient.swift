public import Logging
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import Synchronization

/// Redis, over one shared connection that comes back by itself.
///
/// While there is no connection, commands fail at once with the reason; nothing waits for Redis to
/// come back. Attempts to connect go on for as long as the service runs.
///
/// ```swift
/// let redis = RedisClient(try RedisConfiguration(url: "redis://127.0.0.1"), logger: logger)
/// // run `redis` in a service group
/// let answer = try await redis.send(["GET", "key"])
/// ```
///
/// Commands that block need a connection of their own: ``connect(name:)``.
public final class RedisClient: Service {
  /// Where and how it connects.
  public let configuration: RedisConfiguration
  private let eventLoopGroup: any EventLoopGroup
  private let logger: Logger
  private let state = Mutex(RedisClientState())

  /// A client that connects once it runs.
  public init(
    _ configuration: RedisConfiguration,
    eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger
  ) {
    self.configuration = configuration
    self.eventLoopGroup = eventLoopGroup
    self.logger = logger
  }

  /// Keeps a connection until the service is shut down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      var attempt = 0
      var random = SystemRandomNumberGenerator()
      while !Task.isCancelled {
        let start = ContinuousClock.now
        let error = await self.connectOnce()
        if Task.isCancelled { break }
        attempt = start.duration(to: .now) > .seconds(5) ? 0 : attempt + 1
        let delay = self.configuration.backoff.delay(attempt: attempt, using: &random)
        self.logger.warning(
          "no connection to Redis; trying again",
          metadata: [
            "redis": "\(self.configuration)", "reason": "\(error)", "attempt": "\(attempt)",
            "delay": "\(delay)",
          ])
        try? await Task.sleep(for: delay)
      }
      self.state.withLock { $0.stopped() }.forEach { $0.resume(returning: false) }
    }
  }

  /// Connects and stays until the connection ends; says why.
  private func connectOnce() async -> RedisError {
    do throws(RedisError) {
      let connection = try await connect(name: configuration.clientName)
      logger.info("connected to Redis", metadata: ["redis": "\(configuration)"])
      state.withLock { $0.connected(connection) }.forEach { $0.resume(returning: true) }
      let reason = await connection.closed()
      state.withLock { $0.disconnected(reason) }
      return reason
    } catch {
      state.withLock { $0.disconnected(error) }
      return error
    }
  }

  /// Whether there is a connection now.
  public var isConnected: Bool { state.withLock { $0.connection != nil } }

  /// How many milliseconds Redis's clock is ahead of this machine's; as the last connection saw it.
  public var clockOffset: Int64 { state.withLock { $0.clockOffset } }

  /// Waits until there is a connection.
  ///
  /// - Returns: whether there is one; no when the client was stopped or the task cancelled first.
  public func connected() async -> Bool {
    let id = state.withLock { $0.nextWaiter() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = state.withLock { $0.wait(id, continuation, isCancelled: Task.isCancelled) }
        if let now { continuation.resume(returning: now) }
      }
    } onCancel: {
      state.withLock { $0.cancel(id) }?.resume(returning: false)
    }
  }

  /// Opens a connection of the caller's own, for commands that block; the caller closes it.
  ///
  /// - Parameter eventLoop: where it is at home; any of the client's by default.
  public func connect(
    name: String, on eventLoop: (any EventLoop)? = nil
  ) async throws(RedisError) -> RedisConnection {
    var configuration = configuration
    configuration.clientName = name
    return try await RedisConnection.connect(
      configuration, on: eventLoop ?? eventLoopGroup.next())
  }

  /// Sends a command and waits for its answer; fails at once when there is no connection.
  ///
  /// - Throws: also when Redis answers with an error.
  public func send(_ command: RedisCommand) async throws(RedisError) -> RESPValue {
    try await send([command])[0].get()
  }

  /// Sends commands in one go and waits for all answers, errors among them as values.
  public func send(_ commands: [RedisCommand]) async throws(RedisError) -> [RESPValue] {
    try await connection().send(commands)
  }

  /// Sends commands in one go; `completion` is called on an event loop, or at once when there is
  /// no connection.
  package func perform(
    _ commands: [RedisCommand],
    completion: @escaping @Sendable (Result<[RESPValue], RedisError>) -> Void
  ) {
    do throws(RedisError) {
      try connection().perform(commands, completion: completion)
    } catch {
      completion(.failure(error))
    }
  }

  /// Does something on the connection's event loop as soon as that is free, so that what comes in the
  /// meantime can go with it; at once when there is no connection.
  package func execute(_ work: @escaping @Sendable () -> Void) {
    guard let connection = state.withLock({ $0.connection }) else { return work() }
    connection.execute(work)
  }

  /// Does something on the connection's event loop a little later; at once when there is no connection.
  package func execute(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
    guard let connection = state.withLock({ $0.connection }) else { return work() }
    connection.eventLoop.scheduleTask(in: TimeAmount(delay), work)
  }

  private func connection() throws(RedisError) -> RedisConnection {
    try state.withLock { state throws(RedisError) in
      if let connection = state.connection { return connection }
      throw state.reason
        ?? RedisError(.unavailable, "not connected to Redis at \(configuration.address) yet")
    }
  }
}
