import HTTPTypes
import Hummingbird
import NIOCore

/// One request that ``DirectHandler`` answers, from its head to its answer.
final class DirectExchange {
  let head: HTTPRequest
  let route: Route
  let work: @Sendable (RouteCall) throws -> PendingPrediction
  let parameters: [String: String]
  let id: String
  let start = ContinuousClock.now
  var body = ByteBuffer()

  init(
    _ head: HTTPRequest, _ route: Route,
    _ work: @escaping @Sendable (RouteCall) throws -> PendingPrediction,
    parameters: [String: String]
  ) {
    self.head = head
    self.route = route
    self.work = work
    self.parameters = parameters
    id = head.acceptableID ?? "\(RequestID())"
  }

  /// Whether it may be decoded on the event loop: a compressed body can be large however small it is.
  var isSmall: Bool {
    body.readableBytes <= DirectHandler.maximumSizeAtOnce
      && !head.headerFields.contains(.contentEncoding)
  }

  func append(_ bytes: ByteBuffer) {
    if body.readableBytes == 0 {
      body = bytes
    } else {
      body.writeImmutableBuffer(bytes)
    }
  }
}
