import NIOCore
import NIOHTTP2

/// The calls of one HTTP/2 connection.
///
/// It takes the frames apart by their streams without a channel and a pipeline for each, which cost
/// more than a prediction (docs/decisions/grpc.md). It stands behind an `NIOHTTP2Handler`, whose are
/// the frames, their legal order, HPACK, the limits, and the flow of what is sent; here only the
/// windows of what is received are renewed.
final class CallMultiplexer: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias InboundOut = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private let windowSize: Int
  private let streamDelegate: any NIOHTTP2StreamDelegate
  private let makeHandler: (CallStream) -> CallHandler
  private var handlers: [HTTP2StreamID: CallHandler] = [:]
  private var context: ChannelHandlerContext?
  private var isReading = false
  private var isFlushWanted = false
  private var pulse = ConnectionPulse()
  private var ticks: RepeatedTask?

  /// - Parameters:
  ///   - windowSize: how many bytes a client may send ahead, on each stream and in all.
  ///   - streamDelegate: is told of streams that open and close.
  ///   - makeHandler: gives the handler of a new call.
  init(
    windowSize: Int, streamDelegate: any NIOHTTP2StreamDelegate,
    makeHandler: @escaping (CallStream) -> CallHandler
  ) {
    self.windowSize = windowSize
    self.streamDelegate = streamDelegate
    self.makeHandler = makeHandler
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    let interval = TimeAmount.seconds(Int64(ConnectionPulse.interval))
    ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      handler.value.tick()
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    closeAll()
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    let frame = unwrapInboundIn(data)
    let id = frame.streamID
    switch frame.payload {
    case .headers:
      if let handler = handlers[id] { return handler.receive(frame.payload) }
      let handler = makeHandler(
        CallStream(id: id, connection: self, eventLoop: context.eventLoop))
      handlers[id] = handler
      pulse.beginCall()
      handler.receive(frame.payload)
    case .data, .rstStream: handlers[id]?.receive(frame.payload)
    default: context.fireChannelRead(data)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    pulse.receive()
    if isFlushWanted {
      isFlushWanted = false
      context.flush()
    }
    context.fireChannelReadComplete()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let event as NIOHTTP2WindowUpdatedEvent: windowChanged(event)
    case let event as NIOHTTP2StreamCreatedEvent:
      streamDelegate.streamCreated(event.streamID, channel: context.channel)
    case let event as StreamClosedEvent:
      handlers.removeValue(forKey: event.streamID)?.close()
      streamDelegate.streamClosed(event.streamID, channel: context.channel)
    case is ChannelShouldQuiesceEvent:
      for handler in handlers.values { handler.quiesce() }
      context.fireUserInboundEventTriggered(event)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    closeAll()
    context.fireChannelInactive()
  }

  private func closeAll() {
    ticks?.cancel()
    ticks = nil
    let open = handlers.values
    handlers = [:]
    for handler in open { handler.close() }
  }

  private func tick() {
    guard let context else { return }
    switch pulse.tick(isIdle: handlers.isEmpty) {
    case .nothing: break
    case .ping:
      write(.ping(HTTP2PingData(withInteger: 0), ack: false), to: .rootStream, promise: nil)
      flush()
    case .leave: context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    case .close: context.close(promise: nil)
    }
  }

  /// Renews a window in large steps: a small call costs no frame for it.
  private func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent) {
    guard let size = event.inboundWindowSize, size <= windowSize / 2 else { return }
    if event.streamID == .rootStream {
      renewWindow(of: .rootStream, from: size)
    } else {
      handlers[event.streamID]?.windowShrank(to: size)
    }
  }

  fileprivate func renewWindow(of stream: HTTP2StreamID, from size: Int) {
    write(.windowUpdate(windowSizeIncrement: windowSize - size), to: stream, promise: nil)
    flush()
  }

  fileprivate func write(
    _ payload: HTTP2Frame.FramePayload, to stream: HTTP2StreamID, promise: EventLoopPromise<Void>?
  ) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    context.write(
      wrapOutboundOut(HTTP2Frame(streamID: stream, payload: payload)), promise: promise)
  }

  /// Sends what was written; what is answered while frames are read goes out together.
  fileprivate func flush() {
    if isReading { isFlushWanted = true } else { context?.flush() }
  }

  fileprivate var peer: SocketAddress? { context?.remoteAddress }
}

/// One stream of a connection. Its event loop is the only thread to use it on.
struct CallStream {
  let id: HTTP2StreamID
  fileprivate let connection: CallMultiplexer
  let eventLoop: any EventLoop

  init(id: HTTP2StreamID, connection: CallMultiplexer, eventLoop: any EventLoop) {
    self.id = id
    self.connection = connection
    self.eventLoop = eventLoop
  }

  /// The client's address.
  var peer: SocketAddress? { connection.peer }

  /// - Parameter promise: succeeds when the frame is sent.
  func write(_ payload: HTTP2Frame.FramePayload, promise: EventLoopPromise<Void>? = nil) {
    connection.write(payload, to: id, promise: promise)
  }

  func flush() {
    connection.flush()
  }

  /// Lets the client send on.
  ///
  /// - Parameter size: what it may still send.
  func renewWindow(from size: Int) {
    connection.renewWindow(of: id, from: size)
  }
}
