import NIOCore
import Testing

@testable import Redis

@Suite("The life of a Redis connection")
struct RedisConnectionStateTests {
  let soon = NIODeadline.uptimeNanoseconds(1_000)
  let late = NIODeadline.uptimeNanoseconds(2_000)

  @Test("answers requests in the order in which they were sent")
  func order() throws {
    var state = RedisConnectionState<String>()
    #expect(state.send(replyCount: 1, deadline: soon, completion: "a").isWrite)
    #expect(state.send(replyCount: 2, deadline: soon, completion: "b").isWrite)
    #expect(state.receive(.integer(1)).completed == "a")
    #expect(state.receive(.integer(2)).completed == nil)
    #expect(state.receive(.push([.null])).completed == nil)
    #expect(state.receive(.error("ERR")).completed == "b")
  }

  @Test("closes on an answer that nobody asked for")
  func unasked() {
    var state = RedisConnectionState<String>()
    #expect(state.receive(.integer(1)).closeReason?.code == .damagedReply)
  }

  @Test("tells everyone who waits when it ends, once, and refuses what comes later")
  func close() {
    var state = RedisConnectionState<String>()
    _ = state.send(replyCount: 1, deadline: soon, completion: "a")
    _ = state.send(replyCount: 1, deadline: soon, completion: "b")
    #expect(state.close(RedisError(.timeout, "slow")) == ["a", "b"])
    #expect(state.close(RedisError(.unavailable, "gone")) == [])
    #expect(state.closeReason?.code == .timeout)
    #expect(state.send(replyCount: 1, deadline: soon, completion: "c").failure?.code == .timeout)
    #expect(state.receive(.integer(1)).completed == nil)
  }

  @Test("gives up when the oldest request is not answered in time")
  func timeout() {
    var state = RedisConnectionState<String>()
    #expect(state.timer(now: soon) == .stop)
    _ = state.send(replyCount: 1, deadline: soon, completion: "a")
    _ = state.send(replyCount: 1, deadline: late, completion: "b")
    #expect(state.timer(now: .uptimeNanoseconds(999)) == .wake(soon))
    #expect(state.timer(now: soon) == .close)
    _ = state.receive(.integer(1))
    #expect(state.timer(now: soon) == .wake(late))
  }

  @Test("holds no more requests than its capacity")
  func capacity() {
    var state = RedisConnectionState<String>(capacity: 1)
    _ = state.send(replyCount: 1, deadline: soon, completion: "a")
    #expect(state.send(replyCount: 1, deadline: soon, completion: "b").failure?.code == .overloaded)
  }
}

extension RedisConnectionState.SendAction {
  var isWrite: Bool { if case .write = self { true } else { false } }
  var failure: RedisError? { if case .fail(let error) = self { error } else { nil } }
}

extension RedisConnectionState.ReplyAction {
  var completed: Completion? {
    if case .complete(let completion, _) = self { completion } else { nil }
  }
  var closeReason: RedisError? { if case .close(let reason) = self { reason } else { nil } }
}
