import NIOCore

/// Performs what ``RedisConnectionState`` decides, on the connection's event loop.
final class RedisChannelHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  typealias Completion = @Sendable (Result<[RESPValue], RedisError>) -> Void

  private let address: String
  private var state = RedisConnectionState<Completion>()
  private var decoder = RESPDecoder()
  private var context: ChannelHandlerContext?
  private var flushIsDue = false
  private var timerIsSet = false

  init(address: String) {
    self.address = address
  }

  /// Why the connection ended.
  var closeReason: RedisError? { state.closeReason }

  /// Sends encoded commands, to which `replyCount` replies will come.
  func send(
    _ buffers: [ByteBuffer], replyCount: Int, timeout: TimeAmount, completion: @escaping Completion
  ) {
    guard let context else {
      completion(.failure(state.closeReason ?? RedisError(.closed, "the connection is not open")))
      return
    }
    let deadline = context.eventLoop.now + timeout
    switch state.send(replyCount: replyCount, deadline: deadline, completion: completion) {
    case .fail(let error): completion(.failure(error))
    case .write:
      for bytes in buffers { context.write(wrapOutboundOut(bytes), promise: nil) }
      scheduleFlush(context)
      if !timerIsSet { checkTimer(context) }
    }
  }

  /// Ends the connection; whoever waits is told why.
  func close(_ reason: RedisError) {
    for completion in state.close(reason) { completion(.failure(reason)) }
    context?.close(promise: nil)
  }

  /// One flush for all that is sent in one turn of the event loop.
  private func scheduleFlush(_ context: ChannelHandlerContext) {
    guard !flushIsDue else { return }
    flushIsDue = true
    context.eventLoop.assumeIsolated().execute {
      self.flushIsDue = false
      self.context?.flush()
    }
  }

  private func checkTimer(_ context: ChannelHandlerContext) {
    timerIsSet = false
    switch state.timer(now: context.eventLoop.now) {
    case .stop: break
    case .close: close(RedisError(.timeout, "Redis at \(address) did not answer in time"))
    case .wake(let deadline):
      timerIsSet = true
      context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
        if let context = self.context { self.checkTimer(context) }
      }
    }
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.feed(unwrapInboundIn(data))
    do throws(RESPError) {
      while let value = try decoder.next() {
        switch state.receive(value) {
        case .wait: break
        case .complete(let completion, let replies): completion(.success(replies))
        case .close(let reason): return close(reason)
        }
      }
    } catch {
      close(RedisError(.damagedReply, "Redis at \(address) did not answer in RESP3: \(error)"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    close(RedisError(.unavailable, "Redis at \(address) closed the connection"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    close(RedisError(.unavailable, "the connection to Redis at \(address) broke: \(error)"))
  }
}
