import GRPCCore
import Jobs
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One stream of an HTTP/2 connection, which is one gRPC call: `ModelInfer` is answered directly, all
/// other methods go to gRPC's server.
final class CallHandler {
  enum Phase {
    /// The head of the call is still to come.
    case idle
    /// For ``DirectInference``; the message comes in.
    case collecting(Call, MessageReader, MessageFrame?)
    /// For ``DirectInference``; the predictor is at work.
    case answering(Call, cancel: @Sendable () -> Void)
    /// For gRPC's server.
    case open(MessageReader, ServerCall)
    /// The answer is written; what still comes is dropped.
    case done
  }

  let stream: CallStream
  let maximumMessageSize: Int
  let direct: DirectInference
  let streamHandler: GRPCTransport.StreamHandler
  var phase = Phase.idle
  /// Whether the client has sent all that it sends.
  private(set) var hasRequestEnded = false
  private var isClosed = false
  private var timeout: Scheduled<Void>?
  /// Whether gRPC's server has enough messages to do.
  var isHolding = false
  /// How much the client may still send, while that is not renewed.
  private var heldWindow: Int?

  init(
    stream: CallStream, maximumMessageSize: Int, direct: DirectInference,
    streamHandler: @escaping GRPCTransport.StreamHandler
  ) {
    self.stream = stream
    self.maximumMessageSize = maximumMessageSize
    self.direct = direct
    self.streamHandler = streamHandler
  }

  /// Takes the next frame of the stream.
  func receive(_ payload: HTTP2Frame.FramePayload) {
    switch payload {
    case .headers(let head):
      hasRequestEnded = head.endStream
      if case .idle = phase { begin(head.headers) }
      if head.endStream { receive(ByteBuffer()) }
    case .data(let part):
      guard case .byteBuffer(let bytes) = part.data else { return }
      hasRequestEnded = part.endStream
      receive(bytes)
    case .rstStream: cancel()
    default: break
    }
  }

  private func begin(_ headers: HPACKHeaders) {
    let head = CallHead(headers)
    guard head.method == "POST" else { return end([":status": "405"]) }
    guard head.contentType.hasPrefix("application/grpc") else { return end([":status": "415"]) }
    do {
      let reader = try MessageReader(limit: maximumMessageSize, encoding: head.encoding)
      if head.path == DirectInference.path {
        let call = Call(
          method: DirectInference.path, requestID: head.requestID, timeout: head.timeout,
          field: { headers.first(name: $0) })
        phase = .collecting(call, reader, nil)
      } else {
        open(head.path, headers, reader)
      }
    } catch {
      end(error.trailers)
    }
  }

  private func receive(_ bytes: ByteBuffer) {
    switch phase {
    case .collecting(let call, var reader, var message):
      // Safe: gives up the phase's reference, so that the reader's bytes are not copied.
      phase = .idle
      reader.append(bytes)
      do throws(RPCError) {
        while let next = try reader.next() {
          guard message == nil else { throw .unexpectedEnd("the call takes one message") }
          message = next
        }
        if hasRequestEnded {
          guard let message, reader.isEmpty else {
            throw .unexpectedEnd("the call ended within its message")
          }
          answer(message, to: call)
        } else {
          phase = .collecting(call, reader, message)
          scheduleTimeout(of: call)
        }
      } catch {
        finish(call, .failure(error))
      }
    case .open(var reader, let call):
      phase = .idle
      reader.append(bytes)
      handOn(&reader, to: call)
      phase = .open(reader, call)
    case .idle, .answering, .done: break
    }
  }

  /// A message that does not come to its end must not hold the stream for ever.
  private func scheduleTimeout(of call: Call) {
    guard timeout == nil else { return }
    let bound = NIOLoopBound(self, eventLoop: stream.eventLoop)
    let remaining = call.deadline(standard: direct.service.timeout).remaining
    timeout = stream.eventLoop.scheduleTask(in: TimeAmount(remaining)) {
      let handler = bound.value
      guard case .collecting = handler.phase else { return }
      let error = RPCError(code: .deadlineExceeded, message: "the message did not come in time")
      handler.finish(call, .failure(error))
    }
  }

  private func answer(_ message: MessageFrame, to call: Call) {
    do {
      switch try direct.answer(message, call: call, limit: maximumMessageSize) {
      case .ready(let frame): finish(call, .success(frame))
      case .later(let begin): answer(call, begin)
      }
    } catch {
      finish(call, .failure(RPCError(any: error)))
    }
  }

  /// Answers when the answer is there; the wait ends with the stream.
  private func answer(_ call: Call, _ begin: DirectInference.Beginning) {
    timeout?.cancel()
    let eventLoop = stream.eventLoop
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let cancel = begin { result in
      eventLoop.execute {
        let handler = bound.value
        guard case .answering = handler.phase else { return }
        handler.finish(call, result.mapError { RPCError(any: $0) })
      }
    }
    phase = .answering(call, cancel: cancel)
  }

  private func finish(_ call: Call, _ result: Result<MessageFrame, RPCError>) {
    switch result {
    case .success(let frame):
      var head = HPACKHeaders.answer
      head.add(requestID: call.id)
      stream.write(.headers(.init(headers: head)))
      stream.write(.data(.init(data: .byteBuffer(frame.buffer))))
      end(.succeeded)
      direct.recorder.record(call)
    case .failure(let error):
      var trailers = error.trailers
      trailers.add(requestID: call.id)
      end(trailers)
      direct.recorder.record(call, error)
    }
  }

  /// Ends the answer; a client that has not ended its side need not send the rest.
  func end(_ trailers: HPACKHeaders) {
    phase = .done
    timeout?.cancel()
    var sent: EventLoopPromise<Void>?
    if !hasRequestEnded {
      let promise = stream.eventLoop.makePromise(of: Void.self)
      // Not before: a reset drops what still waits for the client's window.
      promise.futureResult.assumeIsolated().whenSuccess { self.reset(.noError) }
      sent = promise
    }
    stream.write(.headers(.init(headers: trailers, endStream: true)), promise: sent)
    stream.flush()
  }

  /// Ends a stream that is still open.
  func reset(_ code: HTTP2ErrorCode) {
    guard !isClosed else { return }
    phase = .done
    stream.write(.rstStream(code))
    stream.flush()
  }

  /// The stream is closed, by whichever side.
  func close() {
    isClosed = true
    cancel()
  }

  /// The server stops: streams end between two messages, all else is finished.
  func quiesce() {
    if case .open(_, let call) = phase { call.cancel() }
  }

  /// The client does not wait any more.
  private func cancel() {
    timeout?.cancel()
    if case .done = phase { return }
    let error = RPCError(any: CancellationError())
    switch phase {
    case .collecting(let call, _, _): direct.recorder.record(call, error)
    case .answering(let call, let cancel):
      cancel()
      direct.recorder.record(call, error)
    case .open(_, let call):
      call.cancel()
      call.messages.finish(error)
    case .idle, .done: break
    }
    phase = .done
  }

  /// Lets the client send on, unless gRPC's server has enough to do.
  func windowShrank(to size: Int) {
    guard !hasRequestEnded else { return }
    switch phase {
    case .done: break
    case _ where isHolding: heldWindow = size
    default: stream.renewWindow(from: size)
    }
  }

  /// gRPC's server takes more messages now.
  func resumeReading() {
    isHolding = false
    receive(ByteBuffer())
    guard !isHolding, let size = heldWindow else { return }
    heldWindow = nil
    windowShrank(to: size)
  }
}

extension RPCError {
  static func unexpectedEnd(_ message: String) -> RPCError {
    RPCError(code: .internalError, message: message)
  }
}
