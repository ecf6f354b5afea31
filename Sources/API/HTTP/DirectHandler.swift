import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import NIOHTTPTypes
import Serving

/// Answers ordinary predictions in the channel, in front of Hummingbird, whatever their protocol:
/// one row costs a fraction of what the way through tasks and middleware does.
///
/// It takes a request only when it comes whole and small over a connection that stays open; all
/// others, and all other routes, go on to Hummingbird. One request of a connection is answered at
/// a time, in the order in which they came. Checks, errors, metrics and log lines are those of
/// the same ``Route``s behind Hummingbird.
final class DirectHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Larger bodies gain nothing here: their decoding costs far more than the way to it.
  static let maximumBodySize = 1 << 20
  /// Decoding larger bodies would hold up the event loop's other connections.
  private static let maximumSizeAtOnce = 64 << 10

  private struct Exchange {
    let head: HTTPRequest
    let route: Route
    let parameters: [String: String]
    let id: String
    let start = ContinuousClock.now
    var body = ByteBuffer()

    /// Whether it may be decoded on the event loop: a compressed body can be large however small it is.
    var isSmall: Bool {
      body.readableBytes <= DirectHandler.maximumSizeAtOnce
        && !head.headerFields.contains(.contentEncoding)
    }
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

  private let table: RouteTable
  private let runner: RouteRunner
  private let predictor: any Predicting
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

  /// - Parameter table: routes that predict.
  init(
    table: RouteTable, runner: RouteRunner, predictor: any Predicting, recorder: RequestRecorder,
    date: DateHeader, idleTimeout: TimeAmount
  ) {
    self.table = table
    self.runner = runner
    self.predictor = predictor
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
    case (.idle, .head(let head)) where passed == 0:
      guard let exchange = exchange(head) else { return pass(part, context: context) }
      phase = .collecting(exchange)
    case (.collecting(var exchange), .body(var bytes)):
      exchange.body.writeBuffer(&bytes)
      phase = .collecting(exchange)
    case (.collecting(let exchange), .end):
      phase = .idle
      answer(exchange, context: context)
    default:
      pass(part, context: context)
    }
  }

  private func pass(_ part: HTTPRequestPart, context: ChannelHandlerContext) {
    if case .head = part { passed += 1 }
    if case .end = part { phase = .idle } else { phase = .passing }
    context.fireChannelRead(wrapInboundOut(part))
  }

  /// The exchange that begins with this head, if this handler takes it; Hummingbird knows the rest
  /// of HTTP.
  private func exchange(_ head: HTTPRequest) -> Exchange? {
    guard head.method == .post,
      let length = head.headerFields[.contentLength].flatMap(Int.init),
      length <= Self.maximumBodySize,
      !head.headerFields.contains(.expect), !head.headerFields.contains(.transferEncoding),
      !head.prefersAsync, let (route, parameters) = table.route(of: head)
    else { return nil }
    if let connection = head.headerFields[.connection], connection.lowercased() != "keep-alive" {
      return nil
    }
    return Exchange(
      head: head, route: route, parameters: parameters,
      id: head.acceptableID ?? "\(RequestID())")
  }

  private func answer(_ exchange: Exchange, context: ChannelHandlerContext) {
    guard case .prediction(let work) = exchange.route.work else { return }
    let runner = runner
    let begin: @Sendable () throws -> PendingPrediction = {
      try runner.begin(
        work,
        runner.call(
          exchange.head, exchange.body, parameters: exchange.parameters, requestID: exchange.id))
    }
    guard exchange.isSmall else { return predict(exchange, begin, context: context) }
    do {
      let pending = try begin()
      if let prediction = try predictor.predictAtOnce(pending.request) {
        respond(to: exchange, try pending.answer(prediction), context: context)
      } else {
        predict(exchange, { pending }, onEventLoop: predictor.isRemote, context: context)
      }
    } catch {
      respond(to: exchange, error, context: context)
    }
  }

  /// Predicts in a task of its own, which ends with the connection.
  private func predict(
    _ exchange: Exchange, _ begin: @escaping @Sendable () throws -> PendingPrediction,
    onEventLoop: Bool = false, context: ChannelHandlerContext
  ) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let (predictor, eventLoop) = (predictor, context.eventLoop)
    phase = .answering(
      Task(executorPreference: onEventLoop ? LoopExecutor(eventLoop) : nil) {
        let result: Result<RouteAnswer, any Error>
        do {
          let pending = try begin()
          result = .success(try pending.answer(await predictor.predict(pending.request)))
        } catch {
          result = .failure(error)
        }
        eventLoop.execute {
          let (handler, context) = bound.value
          handler.phase = .idle
          switch result {
          case .success(let answer): handler.respond(to: exchange, answer, context: context)
          case .failure(let error): handler.respond(to: exchange, error, context: context)
          }
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
    let form = exchange.route.description.errorForm
    write(
      problem.status, form.headers(problem), form.body(problem, requestID: exchange.id),
      id: exchange.id, context: context)
    recorder.record(
      exchange.head, id: exchange.id, route: exchange.route.path, status: problem.status,
      since: exchange.start, failure: problem.status.code >= 500 ? error : nil)
  }

  private func respond(
    to exchange: Exchange, _ answer: RouteAnswer, context: ChannelHandlerContext
  ) {
    let answer = RouteRunner.finish(answer, exchange.head)
    write(answer.status, answer.headers, answer.body, id: exchange.id, context: context)
    recorder.record(
      exchange.head, id: exchange.id, route: exchange.route.path, status: answer.status,
      since: exchange.start)
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

extension DirectHandler {
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
