import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import NIOHTTP1
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
  static let maximumSizeAtOnce = 64 << 10
  /// Larger answers are not copied behind their heads.
  private static let maximumSizeJoined = 4096

  enum Phase {
    /// The next part is the head of a request.
    case idle
    /// The parts of the request under way go on to Hummingbird.
    case passing
    /// The parts of the request under way are collected here.
    case collecting(DirectExchange)
    /// The predictor is at work; parts that come wait.
    case answering(cancel: @Sendable () -> Void)
  }

  private let table: RouteTable
  private let runner: RouteRunner
  private let predictor: any Predicting
  private let recorder: RequestRecorder
  private let date: DateHeader
  let idleTimeout: TimeAmount

  var phase = Phase.idle
  /// Requests that Hummingbird has not answered yet.
  var passed = 0
  var deferred: [HTTPRequestPart] = []
  var isReadDeferred = false
  var isQuiescing = false
  var lastActive = NIODeadline.now()
  var idleCheck: Scheduled<Void>?
  /// Where responses are bytes already: whole ones need none of what stands between.
  var encoder: ChannelHandlerContext?

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
    case (.collecting(let exchange), .body(let bytes)):
      exchange.append(bytes)
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
  private func exchange(_ head: HTTPRequest) -> DirectExchange? {
    guard encoder != nil, head.method == .post,
      let length = head.headerFields.value(of: .contentLength).flatMap(Int.init),
      length <= Self.maximumBodySize,
      !head.headerFields.contains(.expect), !head.headerFields.contains(.transferEncoding),
      !head.prefersAsync, let (route, parameters) = table.route(of: head),
      case .prediction(let work) = route.work
    else { return nil }
    if let connection = head.headerFields.value(of: .connection),
      connection.lowercased() != "keep-alive"
    {
      return nil
    }
    return DirectExchange(head, route, work, parameters: parameters)
  }

  private func answer(_ exchange: DirectExchange, context: ChannelHandlerContext) {
    let (runner, work, head, body) = (runner, exchange.work, exchange.head, exchange.body)
    let (parameters, id) = (exchange.parameters, exchange.id)
    let begin: @Sendable () throws -> PendingPrediction = {
      try runner.begin(work, runner.call(head, body, parameters: parameters, requestID: id))
    }
    guard exchange.isSmall else { return predict(exchange, begin, context: context) }
    do {
      let pending = try begin()
      if let prediction = try predictor.predictAtOnce(pending.request) {
        respond(to: exchange, try pending.answer(prediction), context: context)
      } else {
        let end = end(of: exchange, context: context)
        phase = .answering(
          cancel: predictor.begin(pending.request) { result in
            end(Result { try pending.answer(try result.get()) })
          })
      }
    } catch {
      respond(to: exchange, error, context: context)
    }
  }

  /// Decodes and predicts in a task of its own, which ends with the connection.
  private func predict(
    _ exchange: DirectExchange, _ begin: @escaping @Sendable () throws -> PendingPrediction,
    context: ChannelHandlerContext
  ) {
    let (predictor, end) = (predictor, end(of: exchange, context: context))
    let task = Task {
      do {
        let pending = try begin()
        end(.success(try pending.answer(await predictor.predict(pending.request))))
      } catch {
        end(.failure(error))
      }
    }
    phase = .answering(cancel: { task.cancel() })
  }

  /// What answers the exchange, from any thread.
  private func end(
    of exchange: DirectExchange, context: ChannelHandlerContext
  ) -> @Sendable (Result<RouteAnswer, any Error>) -> Void {
    let eventLoop = context.eventLoop
    let bound = NIOLoopBound((self, exchange, context), eventLoop: eventLoop)
    return { result in
      // Also where this is the event loop: what came together is answered when all of it is read.
      eventLoop.execute {
        let (handler, exchange, context) = bound.value
        handler.phase = .idle
        switch result {
        case .success(let answer): handler.respond(to: exchange, answer, context: context)
        case .failure(let error): handler.respond(to: exchange, error, context: context)
        }
        handler.resume(context: context)
      }
    }
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

  private func respond(
    to exchange: DirectExchange, _ error: any Error, context: ChannelHandlerContext
  ) {
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
    to exchange: DirectExchange, _ answer: RouteAnswer, context: ChannelHandlerContext
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
    let head = status.head(headers, id: id, date: date.value, size: body.readableBytes)
    let isJoined = body.readableBytes <= Self.maximumSizeJoined
    var bytes = context.channel.allocator.buffer(
      capacity: head.utf8.count + (isJoined ? body.readableBytes : 0))
    bytes.writeString(head)
    if isJoined { bytes.writeImmutableBuffer(body) }
    encoder?.write(HTTPResponseEncoder.wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
    if !isJoined {
      encoder?.write(HTTPResponseEncoder.wrapOutboundOut(.byteBuffer(body)), promise: nil)
    }
    encoder?.flush()
  }
}
