import NIOCore

/// Gives the socket what is written between two flushes as one piece: the frames of an answer are
/// small, and each piece has its price.
final class WriteJoiner: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Larger pieces are not copied.
  private static let maximumSize = 4096

  private var joined: ByteBuffer?
  private var promise: EventLoopPromise<Void>?

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var bytes = unwrapOutboundIn(data)
    guard bytes.readableBytes <= Self.maximumSize else {
      writeJoined(context: context)
      return context.write(data, promise: promise)
    }
    if joined == nil {
      joined = context.channel.allocator.buffer(capacity: 512)
    }
    joined?.writeBuffer(&bytes)
    guard let promise else { return }
    if let earlier = self.promise {
      earlier.futureResult.cascade(to: promise)
    } else {
      self.promise = promise
    }
  }

  func flush(context: ChannelHandlerContext) {
    writeJoined(context: context)
    context.flush()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    joined = nil
    promise?.fail(ChannelError.ioOnClosedChannel)
    promise = nil
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    writeJoined(context: context)
    context.close(mode: mode, promise: promise)
  }

  private func writeJoined(context: ChannelHandlerContext) {
    guard let joined else { return }
    let promise = self.promise
    self.joined = nil
    self.promise = nil
    context.write(wrapOutboundOut(joined), promise: promise)
  }
}
