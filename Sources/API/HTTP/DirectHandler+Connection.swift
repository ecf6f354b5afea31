import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// The life of the connection: when it reads, ends, and is idle for too long.
extension DirectHandler {
  func read(context: ChannelHandlerContext) {
    // While a prediction is under way, what comes after the client's next request waits in its socket.
    if case .answering = phase, !deferred.isEmpty { isReadDeferred = true } else { context.read() }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { passed -= 1 }
    lastActive = .now()
    context.write(data, promise: promise)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Hummingbird closes the connection unless a request of its own is under way.
    switch (phase, event) {
    case (.collecting, is ChannelShouldQuiesceEvent), (.answering, is ChannelShouldQuiesceEvent):
      isQuiescing = true
    default:
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelActive(context: ChannelHandlerContext) {
    scheduleIdleCheck(context: context)
    context.fireChannelActive()
  }

  func handlerAdded(context: ChannelHandlerContext) {
    context.channel.readMuchAtOnce()
    encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
    if context.channel.isActive { scheduleIdleCheck(context: context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    encoder = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    idleCheck?.cancel()
    if case .answering(let cancel) = phase { cancel() }
    context.fireChannelInactive()
  }

  /// Closes a connection on which nothing moves: neither a request nor an answer is under way, or
  /// the request does not come to its end.
  private func scheduleIdleCheck(context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    idleCheck = context.eventLoop.scheduleTask(deadline: lastActive + idleTimeout) {
      let (handler, context) = bound.value
      let isIdle = handler.lastActive + handler.idleTimeout <= .now()
      if isIdle, handler.isWaitingForClient {
        context.close(promise: nil)
      } else {
        if isIdle { handler.lastActive = .now() }
        handler.scheduleIdleCheck(context: context)
      }
    }
  }

  private var isWaitingForClient: Bool {
    switch phase {
    case .idle: passed == 0
    case .passing, .collecting: true
    case .answering: false
    }
  }
}
