import GRPCCore
import Jobs
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One stream of an HTTP/2 connection, which is one gRPC call: `ModelInfer` is answered directly, all
/// other methods go to gRPC's server.
final class CallHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundIn = Never
  typealias OutboundOut = HTTP2Frame.FramePayload

  enum Phase {
    /// The head of the call is still to come.
    case idle
    /// For ``DirectInference``; the message comes in.
    case collecting(Call, MessageReader, MessageFrame?)
    /// For ``DirectInference``; the predictor is at work.
    case answering(Call, Task<Void, Never>)
    /// For gRPC's server.
    case open(MessageReader, ServerCall)
    /// The answer is written; what still comes is dropped.
    case done
  }

  let maximumMessageSize: Int
  let direct: DirectInference
  let streamHandler: GRPCTransport.StreamHandler
  var phase = Phase.idle
  /// Whether the client has sent all that it sends.
  var hasRequestEnded = false
  private var timeout: Scheduled<Void>?
  /// Whether gRPC's server has enough messages to do.
  var isHolding = false
  private var isReadHeld = false

  init(
    maximumMessageSize: Int, direct: DirectInference,
    streamHandler: @escaping GRPCTransport.StreamHandler
  ) {
    self.maximumMessageSize = maximumMessageSize
    self.direct = direct
    self.streamHandler = streamHandler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .headers(let head):
      hasRequestEnded = head.endStream
      if case .idle = phase { begin(head.headers, context: context) }
      if head.endStream { receive(ByteBuffer(), context: context) }
    case .data(let part):
      guard case .byteBuffer(let bytes) = part.data else { return }
      hasRequestEnded = part.endStream
      receive(bytes, context: context)
    case .rstStream: cancel()
    default: break
    }
  }

  private func begin(_ head: HPACKHeaders, context: ChannelHandlerContext) {
    guard head.first(name: ":method") == "POST" else { return refuse("405", context: context) }
    guard head.first(name: "content-type")?.hasPrefix("application/grpc") == true else {
      return refuse("415", context: context)
    }
    let path = head.first(name: ":path") ?? ""
    do {
      let reader = try MessageReader(
        limit: maximumMessageSize, encoding: head.first(name: "grpc-encoding"))
      if path == DirectInference.path {
        let call = Call(
          method: path, requestID: head.first(name: "x-request-id"),
          timeout: head.first(name: "grpc-timeout"), field: { head.first(name: $0) })
        phase = .collecting(call, reader, nil)
      } else {
        open(path, head, reader, context: context)
      }
    } catch {
      phase = .done
      write(.headers(.init(headers: error.trailers, endStream: true)), context: context)
      end(context: context)
    }
  }

  /// Answers what is no gRPC call with a status of HTTP.
  private func refuse(_ status: String, context: ChannelHandlerContext) {
    phase = .done
    write(.headers(.init(headers: [":status": status], endStream: true)), context: context)
    end(context: context)
  }

  private func receive(_ bytes: ByteBuffer, context: ChannelHandlerContext) {
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
          answer(message, to: call, context: context)
        } else {
          phase = .collecting(call, reader, message)
          scheduleTimeout(of: call, context: context)
        }
      } catch {
        finish(call, .failure(error), context: context)
      }
    case .open(var reader, let call):
      phase = .idle
      reader.append(bytes)
      receive(&reader, for: call)
      phase = .open(reader, call)
    case .idle, .answering, .done: break
    }
  }

  /// A message that does not come to its end must not hold the stream for ever.
  private func scheduleTimeout(of call: Call, context: ChannelHandlerContext) {
    guard timeout == nil else { return }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let remaining = call.deadline(standard: direct.service.timeout).remaining
    timeout = context.eventLoop.scheduleTask(in: TimeAmount(remaining)) {
      let (handler, context) = bound.value
      guard case .collecting = handler.phase else { return }
      let error = RPCError(code: .deadlineExceeded, message: "the message did not come in time")
      handler.finish(call, .failure(error), context: context)
    }
  }

  private func answer(_ message: MessageFrame, to call: Call, context: ChannelHandlerContext) {
    do {
      switch try direct.answer(message, call: call) {
      case .ready(let frame): finish(call, .success(frame), context: context)
      case .later(let work): answer(call, with: work, context: context)
      }
    } catch {
      finish(call, .failure(RPCError(any: error)), context: context)
    }
  }

  /// Answers in a task of its own, which ends with the stream.
  private func answer(
    _ call: Call, with work: @escaping @Sendable () async throws -> MessageFrame,
    context: ChannelHandlerContext
  ) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    phase = .answering(
      call,
      Task {
        let result: Result<MessageFrame, RPCError>
        do {
          result = .success(try await work())
        } catch {
          result = .failure(RPCError(any: error))
        }
        eventLoop.execute {
          let (handler, context) = bound.value
          guard case .answering = handler.phase else { return }
          handler.finish(call, result, context: context)
        }
      })
  }

  private func finish(
    _ call: Call, _ result: Result<MessageFrame, RPCError>, context: ChannelHandlerContext
  ) {
    phase = .done
    timeout?.cancel()
    switch result {
    case .success(let frame):
      var head = HPACKHeaders.answer
      head.add(name: "x-request-id", value: call.id)
      write(.headers(.init(headers: head)), context: context)
      write(.data(.init(data: .byteBuffer(frame.buffer))), context: context)
      write(.headers(.init(headers: ["grpc-status": "0"], endStream: true)), context: context)
      direct.recorder.record(call)
    case .failure(let error):
      var head = error.trailers
      head.add(name: "x-request-id", value: call.id)
      write(.headers(.init(headers: head, endStream: true)), context: context)
      direct.recorder.record(call, error)
    }
    end(context: context)
  }

  /// Sends what was written last; a client that has not ended its side need not send the rest.
  func end(context: ChannelHandlerContext) {
    if !hasRequestEnded { write(.rstStream(.noError), context: context) }
    context.flush()
  }

  func write(_ payload: HTTP2Frame.FramePayload, context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(payload), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    cancel()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // The server stops: streams end between two messages, all else is finished.
    if event is ChannelShouldQuiesceEvent, case .open(_, let call) = phase { call.cancel() }
    context.fireUserInboundEventTriggered(event)
  }

  /// The client does not wait any more.
  private func cancel() {
    timeout?.cancel()
    let error = RPCError(any: CancellationError())
    switch phase {
    case .collecting(let call, _, _): direct.recorder.record(call, error)
    case .answering(let call, let task):
      task.cancel()
      direct.recorder.record(call, error)
    case .open(_, let call):
      call.cancel()
      call.messages.finish(error)
    case .idle, .done: break
    }
    phase = .done
  }

  func read(context: ChannelHandlerContext) {
    if isHolding { isReadHeld = true } else { context.read() }
  }

  /// gRPC's server takes more messages now.
  func resumeReading(context: ChannelHandlerContext) {
    isHolding = false
    guard isReadHeld else { return }
    isReadHeld = false
    context.read()
  }
}

extension RPCError {
  static func unexpectedEnd(_ message: String) -> RPCError {
    RPCError(code: .internalError, message: message)
  }
}
