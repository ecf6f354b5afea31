import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Serving

/// Answers ordinary calls of `POST /api/predict` in the channel, in front of Hummingbird: one row
/// costs a fraction of what the way through tasks and middleware does.
///
/// It takes a request only when it comes whole and small over a connection that stays open; all
/// others, and all other routes, go on to Hummingbird. One request of a connection is answered at
/// a time, in the order in which they came. Checks, errors, metrics and log lines are those of
/// ``PredictRoute``.
final class DirectPredictHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Larger bodies would hold up the event loop's other connections.
  static let maximumBodySize = 64 << 10

  private struct Exchange {
    let head: HTTPRequest
    let start: ContinuousClock.Instant
    var body = ByteBuffer()
  }

  private enum Phase {
    /// The next part is the head of a request.
    case idle
    /// The parts of the request under way go on to Hummingbird.
    case passing
    /// The parts of the request under way are collected here.
    case collecting(Exchange)
    /// The predictor is at work; parts that come wait.
    case answering(Task<Void, Never>)
  }

  private let route: PredictRoute
  private let recorder: RequestRecorder
  private let date: DateHeader
  private let idleTimeout: TimeAmount

  private var phase = Phase.idle
  /// Requests that Hummingbird has not answered yet.
  private var passed = 0
  private var deferred: [HTTPRequestPart] = []
  private var isReadDeferred = false
  private var isQuiescing = false
  private var lastActive = NIODeadline.now()
  private var idleCheck: Scheduled<Void>?

  init(
    route: PredictRoute, recorder: RequestRecorder, date: DateHeader, idleTimeout: TimeAmount
  ) {
    self.route = route
    self.recorder = recorder
    self.date = date
    self.idleTimeout = idleTimeout
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastActive = .now()
    receive(unwrapInboundIn(data), context: context)
  }

  private func receive(_ part: HTTPRequestPart, context: ChannelHandlerContext) {
    switch (phase, part) {
    case (.answering, _):
      deferred.append(part)
    case (.idle, .head(let head)) where passed == 0 && Self.isDirect(head):
      phase = .collecting(Exchange(head: head, start: .now))
    case (.collecting(var exchange), .body(var bytes)):
      exchange.body.writeBuffer(&bytes)
      phase = .collecting(exchange)
    case (.collecting(let exchange), .end):
      phase = .idle
      answer(exchange, context: context)
    default:
      if case .head = part { passed += 1 }
      if case .end = part { phase = .idle } else { phase = .passing }
      context.fireChannelRead(wrapInboundOut(part))
    }
  }

  /// Whether this handler takes the request; Hummingbird knows the rest of HTTP.
  private static func isDirect(_ head: HTTPRequest) -> Bool {
    guard head.method == .post, let path = head.path, path.hasPrefix(PredictRoute.path),
      path.utf8.count == PredictRoute.path.utf8.count
        || path.utf8.dropFirst(PredictRoute.path.utf8.count).first == UInt8(ascii: "?"),
      let length = head.headerFields[.contentLength].flatMap(Int.init), length <= maximumBodySize,
      !head.headerFields.contains(.expect), !head.headerFields.contains(.transferEncoding),
      !head.prefersAsync
    else { return false }
    guard let connection = head.headerFields[.connection] else { return true }
    return connection.lowercased() == "keep-alive"
  }

  private func answer(_ exchange: Exchange, context: ChannelHandlerContext) {
    do {
      guard exchange.body.readableBytes <= route.maximumBodySize else {
        throw Problem.tooLarge(limit: route.maximumBodySize)
      }
      let call = try route.begin(exchange.head)
      let (request, answer) = try call.decode(exchange.body)
      if let prediction = try route.predictor.predictAtOnce(request) {
        respond(to: exchange, .ok, call.headers, answer.encode(prediction), context: context)
      } else {
        predict(request, context: context) { result, context in
          switch result {
          case .success(let prediction):
            self.respond(
              to: exchange, .ok, call.headers, answer.encode(prediction), context: context)
          case .failure(let error):
            self.respond(to: exchange, error, context: context)
          }
        }
      }
    } catch {
      respond(to: exchange, error, context: context)
    }
  }

  /// Predicts in a task of its own, which ends with the connection.
  private func predict(
    _ request: PredictionRequest, context: ChannelHandlerContext,
    finish: @escaping (Result<Prediction, PredictionError>, ChannelHandlerContext) -> Void
  ) {
    let bound = NIOLoopBound((self, context, finish), eventLoop: context.eventLoop)
    let (predictor, eventLoop) = (route.predictor, context.eventLoop)
    phase = .answering(
      Task {
        let result: Result<Prediction, PredictionError>
        do throws(PredictionError) {
          result = .success(try await predictor.predict(request))
        } catch {
          result = .failure(error)
        }
        eventLoop.execute {
          let (handler, context, finish) = bound.value
          handler.phase = .idle
          finish(result, context)
          handler.resume(context: context)
        }
      })
  }

  /// Goes on with what came while the predictor was at work.
  private func resume(context: ChannelHandlerContext) {
    while case .idle = phase, !deferred.isEmpty {
      let parts = deferred
      deferred = []
      for part in parts { receive(part, context: context) }
    }
    if case .answering = phase { return }
    if isQuiescing, case .idle = phase {
      isQuiescing = false
      context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
    if isReadDeferred {
      isReadDeferred = false
      context.read()
    }
  }

  private func respond(to exchange: Exchange, _ error: any Error, context: ChannelHandlerContext) {
    let problem = Problem(error)
    let id = exchange.head.acceptableID ?? "\(RequestID())"
    write(
      problem.status, problem.allHeaders, problem.body(requestID: id), id: id, context: context)
    recorder.record(
      exchange.head, id: id, route: PredictRoute.path, status: problem.status,
      since: exchange.start, failure: problem.status.code >= 500 ? error : nil)
  }

  private func respond(
    to exchange: Exchange, _ status: HTTPResponse.Status, _ headers: HTTPFields, _ body: ByteBuffer,
    context: ChannelHandlerContext
  ) {
    let id = exchange.head.acceptableID ?? "\(RequestID())"
    write(status, headers, body, id: id, context: context)
    recorder.record(
      exchange.head, id: id, route: PredictRoute.path, status: status, since: exchange.start)
  }

  private func write(
    _ status: HTTPResponse.Status, _ headers: HTTPFields, _ body: ByteBuffer, id: String,
    context: ChannelHandlerContext
  ) {
    lastActive = .now()
    var headers = headers
    headers[.contentLength] = String(body.readableBytes)
    headers[.requestID] = id
    headers[.date] = date.value
    context.write(
      wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: headers))), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

extension DirectPredictHandler {
  func read(context: ChannelHandlerContext) {
    // While a prediction is under way the client's next requests wait in its socket.
    if case .answering = phase { isReadDeferred = true } else { context.read() }
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
    if context.channel.isActive { scheduleIdleCheck(context: context) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    idleCheck?.cancel()
    if case .answering(let task) = phase { task.cancel() }
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
