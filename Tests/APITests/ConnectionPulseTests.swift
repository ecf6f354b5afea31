import NIOCore
import NIOEmbedded
import NIOHTTP2
import Testing

@testable import API

@Suite("The pulse of a gRPC connection")
struct ConnectionPulseTests {
  private struct NoDelegate: NIOHTTP2StreamDelegate {
    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {}
    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {}
  }

  /// Notes the farewell, which the handler behind it would begin.
  private final class Farewells: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    var count = 0

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if event is ChannelShouldQuiesceEvent { count += 1 }
    }
  }

  private let channel: EmbeddedChannel
  private let farewells = Farewells()

  init() throws {
    let calls = CallMultiplexer(windowSize: 1 << 20, streamDelegate: NoDelegate()) { stream in
      preconditionFailure("no call of these tests begins, such as \(stream.id)")
    }
    channel = EmbeddedChannel(handlers: [calls, farewells])
    try channel.connect(to: SocketAddress(unixDomainSocketPath: "/client")).wait()
  }

  private func wait(_ seconds: Int64) {
    channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
  }

  /// The client sends something.
  private func hear() throws {
    let ack = HTTP2Frame.FramePayload.ping(HTTP2PingData(withInteger: 0), ack: true)
    try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: ack))
  }

  private func pings() throws -> Int {
    var count = 0
    while let frame = try channel.readOutbound(as: HTTP2Frame.self) {
      if case .ping(_, ack: false) = frame.payload { count += 1 }
    }
    return count
  }

  @Test("a client that is silent is asked after a minute, and let go when it does not answer")
  func silent() throws {
    wait(59)
    #expect(try pings() == 0)
    wait(1)
    #expect(try pings() == 1)
    wait(19)
    #expect(channel.isActive)
    wait(1)
    #expect(!channel.isActive)
  }

  @Test("a client that answers stays, and is told to leave after ten minutes without a call")
  func idle() throws {
    for _ in 0..<9 {
      wait(60)
      #expect(try pings() == 1)
      try hear()
    }
    #expect(farewells.count == 0)
    wait(60)
    #expect(farewells.count == 1)
    try hear()
    wait(60)
    #expect(farewells.count == 1)
    #expect(channel.isActive)
    try hear()
    _ = try channel.finish()
  }

  @Test("calls keep a connection")
  func calls() {
    var pulse = ConnectionPulse()
    func tick(_ count: Int, isIdle: Bool) -> [ConnectionPulse.Action] {
      (0..<count).map { _ in
        pulse.receive()
        return pulse.tick(isIdle: isIdle)
      }
    }
    #expect(tick(100, isIdle: false).allSatisfy { $0 == .nothing })
    #expect(tick(29, isIdle: true).allSatisfy { $0 == .nothing })
    // Between two ticks, and over before the second.
    pulse.beginCall()
    #expect(tick(29, isIdle: true).allSatisfy { $0 == .nothing })
    #expect(tick(1, isIdle: true) == [.leave])
  }
}
