import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A TCP proxy in front of a server of the test's, which breaks connections as it is told.
public final class FaultProxy: Sendable {
  /// The two ways of a connection.
  private final class Ways: Sendable {
    private let count = Mutex(2)

    /// Whether that was the last one.
    func endOne() -> Bool {
      count.withLock { count in
        count -= 1
        return count == 0
      }
    }
  }

  private struct State {
    var connections: Set<Int32> = []
    var isCut = false
    /// After how many bytes of answers the next connection is reset.
    var budget: Int?
    var resets = 0
    /// What is not let through to the server, and stops the connection that sends it.
    var held: Data?
    var holds = 0
  }

  /// The port on 127.0.0.1.
  public let port: Int
  private let target: Int
  private let listener: Int32
  private let state = Mutex(State())

  /// A proxy to this port of 127.0.0.1.
  public init(to target: Int) throws {
    self.target = target
    (listener, port) = try Self.listen()
    // A connection that the other side has closed is an error of `send`, not the end of the tests.
    signal(SIGPIPE, SIG_IGN)
    Thread { [listener] in
      while case let client = accept(listener, nil, nil), client >= 0 { self.connect(client) }
    }.start()
  }

  /// How many connections were broken.
  public var resets: Int { state.withLock { $0.resets } }

  /// Breaks one connection in the middle of an answer: as soon as so many more bytes went through.
  public func resetWithin(bytes: Int) { state.withLock { $0.budget = bytes } }

  /// Lets nothing through and says nothing, as a cut network does.
  public func cut() { state.withLock { $0.isCut = true } }

  /// Ends the cut.
  public func heal() { state.withLock { $0.isCut = false } }

  /// How many connections were stopped by ``hold(_:)``.
  public var holds: Int { state.withLock { $0.holds } }

  /// Stops every connection that sends this text to the server, just before it would get it.
  public func hold(_ text: String) { state.withLock { $0.held = Data(text.utf8) } }

  /// Holds no more; what was held never arrives, and its connections are broken.
  public func dropHeld() { state.withLock { $0.held = nil } }

  /// Breaks all connections and takes no more.
  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    for socket in state.withLock({ Array($0.connections) }) { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func connect(_ client: Int32) {
    guard let server = Self.connect(to: target) else {
      close(client)
      return
    }
    state.withLock { $0.connections.formUnion([client, server]) }
    // Whichever way ends last closes the sockets: their numbers may be others' at once.
    let ways = Ways()
    let end = { @Sendable in
      guard ways.endOne() else { return }
      self.state.withLock { $0.connections.subtract([client, server]) }
      close(client)
      close(server)
    }
    Thread {
      self.copy(from: client, to: server, isAnswer: false)
      end()
    }.start()
    Thread {
      self.copy(from: server, to: client, isAnswer: true)
      end()
    }.start()
  }

  private func copy(from source: Int32, to destination: Int32, isAnswer: Bool) {
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while case var count = recv(source, &buffer, buffer.count, 0), count > 0 {
      while state.withLock({ $0.isCut }) { usleep(5_000) }
      if !isAnswer, isHeld(buffer[..<count]) {
        while state.withLock({ $0.held != nil }) { usleep(5_000) }
        break
      }
      var isBroken = false
      if isAnswer {
        state.withLock { state in
          guard let budget = state.budget else { return }
          isBroken = count > budget
          state.budget = isBroken ? nil : budget - count
          if isBroken { (count, state.resets) = (budget, state.resets + 1) }
        }
      }
      var sent = 0
      while sent < count {
        let result = buffer[sent..<count].withUnsafeBytes {
          send(destination, $0.baseAddress, $0.count, 0)
        }
        guard result > 0 else { break }
        sent += result
      }
      if isBroken || sent < count { break }
    }
    shutdown(source, Int32(SHUT_RDWR))
    shutdown(destination, Int32(SHUT_RDWR))
  }

  private func isHeld(_ bytes: ArraySlice<UInt8>) -> Bool {
    state.withLock { state in
      guard let held = state.held, Data(bytes).range(of: held) != nil else { return false }
      state.holds += 1
      return true
    }
  }

  private static func makeSocket() -> Int32 {
    #if canImport(Glibc)
      socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      socket(AF_INET, SOCK_STREAM, 0)
    #endif
  }

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func listen() throws -> (Int32, Int) {
    let port = try freePort()
    let descriptor = makeSocket()
    var address = address(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0, systemListen(descriptor) == 0 else { throw SupportError("cannot listen") }
    return (descriptor, port)
  }

  private static func connect(to port: Int) -> Int32? {
    let descriptor = makeSocket()
    var address = address(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        systemConnect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }
}

#if canImport(Glibc)
  private let systemConnect = Glibc.connect
  private func systemListen(_ descriptor: Int32) -> Int32 { Glibc.listen(descriptor, 64) }
#else
  private let systemConnect = Darwin.connect
  private func systemListen(_ descriptor: Int32) -> Int32 { Darwin.listen(descriptor, 64) }
#endif
