import GRPCCore
import NIOConcurrencyHelpers
import NIOCore
import NIOHPACK
import NIOHTTP2

extension CallHandler {
  /// Hands the call to gRPC's server.
  func open(_ path: String, _ head: HPACKHeaders, _ reader: MessageReader) {
    let parts = path.split(separator: "/", maxSplits: 1)
    let descriptor = MethodDescriptor(
      fullyQualifiedService: String(parts.first ?? ""),
      method: String(parts.count == 2 ? parts[1] : ""))
    let eventLoop = stream.eventLoop
    let handler = NIOLoopBound(self, eventLoop: eventLoop)
    let (messages, sequence) = ServerCall.messages(for: handler)
    let limit = maximumMessageSize
    let inflated = sequence.map { part -> RPCRequestPart<MessageFrame> in
      // In the task that answers the call, not on the event loop.
      guard case .message(let frame) = part else { return part }
      return .message(try frame.inflated(limit: limit))
    }
    _ = messages.yield(.metadata(Metadata(head)))
    let call = ServerCall(messages: messages)
    phase = .open(reader, call)
    let stream = RPCStream(
      descriptor: descriptor, inbound: RPCAsyncSequence(wrapping: inflated),
      outbound: RPCWriter.Closable(wrapping: CallWriter(handler: handler)))
    let streamHandler = streamHandler
    let peer = self.stream.peer?.grpcPeer ?? ""
    Task {
      await withServerContextRPCCancellationHandle { cancellation in
        call.attach(cancellation)
        await streamHandler(
          stream,
          ServerContext(
            descriptor: descriptor, remotePeer: peer, localPeer: "", cancellation: cancellation))
      }
      // A stream that the server left without a status.
      eventLoop.execute {
        if case .open = handler.value.phase { handler.value.reset(.internalError) }
      }
    }
  }

  /// Hands on the messages that are whole, as many as the server takes.
  func handOn(_ reader: inout MessageReader, to call: ServerCall) {
    do throws(RPCError) {
      while !isHolding, let message = try reader.next() {
        if case .stopProducing = call.messages.yield(.message(message)) { isHolding = true }
      }
      guard hasRequestEnded, !isHolding else { return }
      guard reader.isEmpty else { throw .unexpectedEnd("the call ended within a message") }
      call.messages.finish()
    } catch {
      call.messages.finish(error)
    }
  }

  /// Writes a part of the answer that gRPC's server gives.
  ///
  /// - Parameter promise: succeeds when more may be written.
  func write(_ part: RPCResponsePart<MessageFrame>, promise: EventLoopPromise<Void>) {
    guard case .open(let reader, var call) = phase else {
      return promise.fail(ChannelError.ioOnClosedChannel)
    }
    switch part {
    case .metadata(let metadata):
      call.hasHead = true
      phase = .open(reader, call)
      var head = HPACKHeaders.answer
      head.add(metadata)
      stream.write(.headers(.init(headers: head)))
      promise.succeed()
    case .message(let frame):
      stream.write(.data(.init(data: .byteBuffer(frame.buffer))), promise: promise)
      stream.flush()
    case .status(let status, let metadata):
      var trailers = call.hasHead ? HPACKHeaders() : .answer
      trailers.add(status: status.code.rawValue, message: status.message, metadata)
      end(trailers)
      promise.succeed()
    }
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
    for handler: NIOLoopBound<CallHandler>
  ) -> (Messages.Source, Messages) {
    let made = Messages.makeSequence(
      backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8), finishOnDeinit: false,
      delegate: Demand(handler: handler))
    return (made.source, made.sequence)
  }

  /// Goes on reading from the stream when the messages were taken.
  struct Demand: NIOAsyncSequenceProducerDelegate {
    let handler: NIOLoopBound<CallHandler>

    func produceMore() {
      handler.eventLoop.execute { handler.value.resumeReading() }
    }

    func didTerminate() {}
  }
}

/// Gives the answer of gRPC's server to the stream.
struct CallWriter: ClosableRPCWriterProtocol {
  typealias Element = RPCResponsePart<MessageFrame>

  let handler: NIOLoopBound<CallHandler>

  /// Returns when the part is sent, so that a slow client slows the server's code down.
  func write(_ part: Element) async throws {
    let promise = handler.eventLoop.makePromise(of: Void.self)
    handler.eventLoop.execute { handler.value.write(part, promise: promise) }
    try await promise.futureResult.get()
  }

  func write(contentsOf parts: some Sequence<Element>) async throws {
    for part in parts { try await write(part) }
  }

  func finish() async {}

  func finish(throwing error: any Error) async {}
}
