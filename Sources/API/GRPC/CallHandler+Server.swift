import GRPCCore
import NIOConcurrencyHelpers
import NIOCore
import NIOHPACK
import NIOHTTP2

extension CallHandler {
  /// Hands the call to gRPC's server.
  func open(
    _ path: String, _ head: HPACKHeaders, _ reader: MessageReader, context: ChannelHandlerContext
  ) {
    let parts = path.split(separator: "/", maxSplits: 1)
    let descriptor = MethodDescriptor(
      fullyQualifiedService: String(parts.first ?? ""),
      method: String(parts.count == 2 ? parts[1] : ""))
    let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let (messages, sequence) = ServerCall.messages(for: handler)
    _ = messages.yield(.metadata(Metadata(head)))
    let call = ServerCall(messages: messages)
    phase = .open(reader, call)
    let stream = RPCStream(
      descriptor: descriptor, inbound: RPCAsyncSequence(wrapping: sequence),
      outbound: RPCWriter.Closable(wrapping: CallWriter(handler: handler)))
    let eventLoop = context.eventLoop
    let streamHandler = streamHandler
    Task {
      await withServerContextRPCCancellationHandle { cancellation in
        call.attach(cancellation)
        await streamHandler(
          stream,
          // Nothing here asks for the peers.
          ServerContext(
            descriptor: descriptor, remotePeer: "", localPeer: "", cancellation: cancellation))
      }
      eventLoop.execute {
        let (handler, context) = handler.value
        handler.abandon(context: context)
      }
    }
  }

  /// Hands on the messages that are whole.
  func receive(_ reader: inout MessageReader, for call: ServerCall) {
    do throws(RPCError) {
      while let message = try reader.next() {
        if case .stopProducing = call.messages.yield(.message(message)) { isHolding = true }
      }
      guard hasRequestEnded else { return }
      guard reader.isEmpty else { throw .unexpectedEnd("the call ended within a message") }
      call.messages.finish()
    } catch {
      call.messages.finish(error)
    }
  }

  /// Writes a part of the answer that gRPC's server gives.
  ///
  /// - Parameter promise: succeeds when more may be written.
  func write(
    _ part: RPCResponsePart<MessageFrame>, promise: EventLoopPromise<Void>,
    context: ChannelHandlerContext
  ) {
    guard case .open(let reader, var call) = phase else {
      return promise.fail(ChannelError.ioOnClosedChannel)
    }
    switch part {
    case .metadata(let metadata):
      call.hasHead = true
      phase = .open(reader, call)
      var head = HPACKHeaders.answer
      head.add(metadata)
      write(.headers(.init(headers: head)), context: context)
      promise.succeed()
    case .message(let frame):
      context.writeAndFlush(
        wrapOutboundOut(.data(.init(data: .byteBuffer(frame.buffer)))), promise: promise)
    case .status(let status, let metadata):
      phase = .done
      var trailers = call.hasHead ? HPACKHeaders() : .answer
      trailers.add(status: status.code.rawValue, message: status.message, metadata)
      write(.headers(.init(headers: trailers, endStream: true)), context: context)
      end(context: context)
      promise.succeed()
    }
  }

  /// Resets a stream that the server left without a status.
  fileprivate func abandon(context: ChannelHandlerContext) {
    guard case .open = phase else { return }
    phase = .done
    write(.rstStream(.internalError), context: context)
    context.flush()
  }
}

/// A call that gRPC's server answers.
struct ServerCall {
  typealias Part = RPCRequestPart<MessageFrame>
  typealias Messages = NIOThrowingAsyncSequenceProducer<
    Part, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Demand
  >

  /// Takes the messages of the client.
  let messages: Messages.Source
  /// Whether the head of the answer is written.
  var hasHead = false
  private let cancellation = NIOLockedValueBox<
    (isCancelled: Bool, ServerContext.RPCCancellationHandle?)
  >(
    (false, nil))

  init(messages: Messages.Source) {
    self.messages = messages
  }

  /// Tells the server's code that the client hung up, or that the server stops.
  func cancel() {
    cancellation.withLockedValue { state in
      state.isCancelled = true
      return state.1
    }?.cancel()
  }

  func attach(_ handle: ServerContext.RPCCancellationHandle) {
    let isCancelled = cancellation.withLockedValue { state in
      state.1 = handle
      return state.isCancelled
    }
    if isCancelled { handle.cancel() }
  }

  /// A client that sends faster than it is answered waits in its socket.
  static func messages(
    for handler: NIOLoopBound<(CallHandler, ChannelHandlerContext)>
  ) -> (Messages.Source, Messages) {
    let made = Messages.makeSequence(
      backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8), finishOnDeinit: false,
      delegate: Demand(handler: handler))
    return (made.source, made.sequence)
  }

  /// Goes on reading from the stream when the messages were taken.
  struct Demand: NIOAsyncSequenceProducerDelegate {
    let handler: NIOLoopBound<(CallHandler, ChannelHandlerContext)>

    func produceMore() {
      handler.eventLoop.execute {
        let (handler, context) = self.handler.value
        handler.resumeReading(context: context)
      }
    }

    func didTerminate() {}
  }
}

/// Gives the answer of gRPC's server to the stream.
struct CallWriter: ClosableRPCWriterProtocol {
  typealias Element = RPCResponsePart<MessageFrame>

  let handler: NIOLoopBound<(CallHandler, ChannelHandlerContext)>

  /// Returns when the part is sent, so that a slow client slows the server's code down.
  func write(_ part: Element) async throws {
    let promise = handler.eventLoop.makePromise(of: Void.self)
    handler.eventLoop.execute {
      let (handler, context) = self.handler.value
      handler.write(part, promise: promise, context: context)
    }
    try await promise.futureResult.get()
  }

  func write(contentsOf parts: some Sequence<Element>) async throws {
    for part in parts { try await write(part) }
  }

  func finish() async {}

  func finish(throwing error: any Error) async {}
}
