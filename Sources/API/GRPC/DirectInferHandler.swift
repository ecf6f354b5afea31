import GRPCCore
import NIOCore
import NIOHPACK
import NIOHTTP2
import Serving
import SwiftProtobuf

/// Answers ordinary calls of `ModelInfer` in their HTTP/2 stream, in front of gRPC's own handler:
/// one row costs a fraction of what the way through tasks and async sequences does.
///
/// It takes a call when its head says that it is one that comes uncompressed; all others, and all
/// other methods, go on to gRPC. Checks, errors, metrics and log lines are those of ``InferenceCalls``.
final class DirectInferHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  static let path = "/inference.GRPCInferenceService/ModelInfer"

  /// Larger messages would hold up the event loop's other connections.
  static let maximumSizeAtOnce = 64 << 10

  private enum Phase {
    /// The head of the call is still to come.
    case idle
    /// Not for this handler.
    case passing
    /// The message comes in.
    case collecting(Call, ByteBuffer)
    /// The predictor is at work.
    case answering(Call, Task<Void, Never>)
    /// The answer is written; what still comes is dropped.
    case answered
  }

  private let service: InferenceService
  private let recorder: CallRecorder
  private let maximumMessageSize: Int
  private var phase = Phase.idle
  private var timeout: Scheduled<Void>?

  init(service: InferenceService, recorder: CallRecorder, maximumMessageSize: Int) {
    self.service = service
    self.recorder = recorder
    self.maximumMessageSize = maximumMessageSize
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (phase, unwrapInboundIn(data)) {
    case (.idle, .headers(let head)) where !head.endStream && Self.isDirect(head.headers):
      let call = Call(
        method: Self.path, requestID: head.headers.first(name: "x-request-id"),
        timeout: head.headers.first(name: "grpc-timeout"))
      phase = .collecting(call, ByteBuffer())
    case (.idle, _):
      phase = .passing
      context.fireChannelRead(data)
    case (.passing, _):
      context.fireChannelRead(data)
    case (.collecting(let call, let message), .data(let part)):
      collect(part, after: message, of: call, context: context)
    case (_, .rstStream): cancel()
    default: break
    }
  }

  /// Whether this handler takes the call; gRPC's own knows the rest.
  private static func isDirect(_ head: HPACKHeaders) -> Bool {
    guard head.first(name: ":path") == path, head.first(name: ":method") == "POST",
      let type = head.first(name: "content-type"),
      type == "application/grpc" || type == "application/grpc+proto"
    else { return false }
    return head.first(name: "grpc-encoding").map { $0 == "identity" } ?? true
  }

  private func collect(
    _ part: HTTP2Frame.FramePayload.Data, after message: ByteBuffer, of call: Call,
    context: ChannelHandlerContext
  ) {
    guard case .byteBuffer(var bytes) = part.data else { return }
    var message = message
    // Safe: gives up the phase's reference, so that the buffer is not copied.
    phase = .idle
    if message.readableBytes == 0 { message = bytes } else { message.writeBuffer(&bytes) }
    do {
      let length = try MessageFrame.length(message) ?? 0
      guard length <= maximumMessageSize else { throw RPCError.tooLarge(limit: maximumMessageSize) }
      if part.endStream {
        answer(try MessageFrame(whole: message), to: call, context: context)
      } else {
        guard message.readableBytes <= length + 5 else {
          throw RPCError(code: .internalError, message: "the call takes one message, not several")
        }
        phase = .collecting(call, message)
        scheduleTimeout(of: call, context: context)
      }
    } catch {
      finish(call, .failure(error), context: context)
    }
  }

  /// A message that does not come to its end must not hold the stream for ever.
  private func scheduleTimeout(of call: Call, context: ChannelHandlerContext) {
    guard timeout == nil else { return }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let remaining = call.deadline(standard: service.timeout).remaining
    timeout = context.eventLoop.scheduleTask(in: TimeAmount(remaining)) {
      let (handler, context) = bound.value
      guard case .collecting = handler.phase else { return }
      let error = RPCError(code: .deadlineExceeded, message: "the message did not come in time")
      handler.finish(call, .failure(error), context: context)
    }
  }

  private func answer(_ frame: MessageFrame, to call: Call, context: ChannelHandlerContext) {
    let service = service
    guard frame.count <= Self.maximumSizeAtOnce else {
      return answer(call, context: context) {
        try await service.answer(Inference_ModelInferRequest(serializedBytes: frame), call: call)
      }
    }
    do {
      let message = try InferMessage(
        Inference_ModelInferRequest(serializedBytes: frame), service: service, call: call)
      let request = message.inference.prediction
      if let prediction = try service.predictor.predictAtOnce(request) {
        let response: MessageFrame = try message.response(to: prediction).serializedBytes()
        finish(call, .success(response), context: context)
      } else {
        answer(call, context: context) {
          try message.response(to: await service.predictor.predict(request))
        }
      }
    } catch {
      finish(call, .failure(RPCError(inferring: error)), context: context)
    }
  }

  /// Answers in a task of its own, which ends with the stream.
  private func answer(
    _ call: Call, context: ChannelHandlerContext,
    with work: @escaping @Sendable () async throws -> Inference_ModelInferResponse
  ) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    phase = .answering(
      call,
      Task {
        let result: Result<MessageFrame, RPCError>
        do {
          result = .success(try await work().serializedBytes())
        } catch {
          result = .failure(RPCError(inferring: error))
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
    let isWhole = if case .collecting = phase { false } else { true }
    phase = .answered
    timeout?.cancel()
    switch result {
    case .success(let frame):
      let head: HPACKHeaders = [
        ":status": "200", "content-type": "application/grpc", "x-request-id": call.id,
      ]
      write(.headers(.init(headers: head)), context: context)
      write(.data(.init(data: .byteBuffer(frame.buffer))), context: context)
      write(.headers(.init(headers: ["grpc-status": "0"], endStream: true)), context: context)
      recorder.record(call)
    case .failure(let error):
      write(.headers(.init(headers: error.trailers(of: call), endStream: true)), context: context)
      recorder.record(call, error)
    }
    // The client need not send the rest of what is refused.
    if !isWhole { write(.rstStream(.noError), context: context) }
    context.flush()
  }

  private func write(_ payload: HTTP2Frame.FramePayload, context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(payload), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    cancel()
    context.fireChannelInactive()
  }

  /// The client does not wait any more.
  private func cancel() {
    timeout?.cancel()
    switch phase {
    case .collecting(let call, _):
      recorder.record(call, RPCError(any: CancellationError()))
    case .answering(let call, let task):
      task.cancel()
      recorder.record(call, RPCError(any: CancellationError()))
    case .idle, .passing, .answered: return
    }
    phase = .answered
  }
}

extension RPCError {
  /// What stands behind an answer that could not be given.
  fileprivate init(inferring error: any Error) {
    if error is BinaryDecodingError || error is SwiftProtobufError {
      self.init(code: .invalidArgument, message: "the message is no ModelInferRequest")
    } else {
      self.init(any: error)
    }
  }

  /// The head of an answer that is an error and nothing else.
  fileprivate func trailers(of call: Call) -> HPACKHeaders {
    var trailers: HPACKHeaders = [
      ":status": "200", "content-type": "application/grpc", "x-request-id": call.id,
      "grpc-status": "\(code.rawValue)", "grpc-message": message.percentEncodedForGRPC,
    ]
    for (key, value) in metadata { trailers.add(name: key, value: value.encoded()) }
    return trailers
  }
}

extension String {
  /// Printable ASCII but `%` as it is, all other bytes of UTF-8 as `%XX`.
  fileprivate var percentEncodedForGRPC: String {
    let digits = Array("0123456789ABCDEF".utf8)
    let isPlain: (UInt8) -> Bool = { 0x20...0x7E ~= $0 && $0 != UInt8(ascii: "%") }
    guard !utf8.allSatisfy(isPlain) else { return self }
    return String(
      decoding: utf8.flatMap { byte in
        isPlain(byte)
          ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }, as: UTF8.self)
  }
}
