import NIOCore

/// The life of one connection: which requests wait for which replies.
///
/// Redis answers in the order of the commands, so requests are a queue. Methods say what the
/// channel handler is to do and do nothing themselves.
///
/// ```
/// open ── send, receive ──▶ open
///   └── close, timeout, damaged or unasked reply, end of the connection ──▶ closed(why)
/// ```
struct RedisConnectionState<Completion> {
  private struct Request {
    let replyCount: Int
    var replies: [RESPValue] = []
    let deadline: NIODeadline
    let completion: Completion
  }

  enum SendAction {
    case write
    case fail(RedisError)
  }

  enum ReplyAction {
    case wait
    case complete(Completion, [RESPValue])
    case close(RedisError)
  }

  enum TimerAction: Equatable {
    case stop
    case wake(NIODeadline)
    case close
  }

  private(set) var closeReason: RedisError?
  private var requests = CircularBuffer<Request>()
  private let capacity: Int

  /// - Parameter capacity: how many requests may wait for their replies.
  init(capacity: Int = 65_536) {
    self.capacity = capacity
  }

  /// A request of `replyCount` commands wants to be sent.
  mutating func send(
    replyCount: Int, deadline: NIODeadline, completion: Completion
  ) -> SendAction {
    if let closeReason { return .fail(closeReason) }
    guard requests.count < capacity else {
      return .fail(
        RedisError(.overloaded, "more than \(capacity) requests wait for answers from Redis"))
    }
    requests.append(
      Request(replyCount: replyCount, deadline: deadline, completion: completion))
    return .write
  }

  /// Redis said something.
  mutating func receive(_ value: RESPValue) -> ReplyAction {
    guard closeReason == nil else { return .wait }
    if case .push = value { return .wait }
    guard !requests.isEmpty else {
      return .close(RedisError(.damagedReply, "Redis answered without being asked"))
    }
    requests[requests.startIndex].replies.append(value)
    guard requests[requests.startIndex].replies.count == requests[requests.startIndex].replyCount
    else { return .wait }
    let request = requests.removeFirst()
    return .complete(request.completion, request.replies)
  }

  /// When the oldest request has to be looked at.
  func timer(now: NIODeadline) -> TimerAction {
    guard let first = requests.first else { return .stop }
    return first.deadline <= now ? .close : .wake(first.deadline)
  }

  /// The connection ends; returns who has to be told.
  mutating func close(_ reason: RedisError) -> [Completion] {
    guard closeReason == nil else { return [] }
    closeReason = reason
    defer { requests.removeAll() }
    return requests.map(\.completion)
  }
}
