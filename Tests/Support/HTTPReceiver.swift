public import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A small HTTP server of the test's own that keeps what it is sent and answers as it is told.
public final class HTTPReceiver: Sendable {
  /// What came in.
  public struct Message: Sendable {
    /// The header fields, by lower-case name.
    public let headers: [String: String]
    /// The body.
    public let body: Data
  }

  /// The port on 127.0.0.1.
  public let port: Int
  /// What came in, in order.
  public let messages: AsyncStream<Message>

  private let listener: Int32
  private let arrival: AsyncStream<Message>.Continuation
  private let statuses: Mutex<[Int]>
  private let location: String?

  /// Listens.
  ///
  /// - Parameters:
  ///   - statuses: what the first answers are; all others are 200.
  ///   - location: where redirects among them lead.
  public init(statuses: [Int] = [], location: String? = nil) throws {
    port = try freePort()
    self.location = location
    (messages, arrival) = AsyncStream.makeStream()
    self.statuses = Mutex(statuses)
    #if canImport(Glibc)
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0, listen(listener, 16) == 0 else { throw SupportError("cannot listen") }
    Thread { [listener] in
      while case let connection = accept(listener, nil, nil), connection >= 0 {
        self.serve(connection)
        close(connection)
      }
    }.start()
  }

  /// Listens no more.
  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    arrival.finish()
  }

  private func serve(_ connection: Int32) {
    var bytes = Data()
    let end = Data("\r\n\r\n".utf8)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if let head = bytes.range(of: end) {
        let headers = Self.headers(String(decoding: bytes[..<head.lowerBound], as: UTF8.self))
        let length = headers["content-length"].flatMap(Int.init) ?? 0
        let body = bytes[head.upperBound...]
        if body.count >= length {
          let status = statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
          let redirect = status / 100 == 3 ? location.map { "Location: \($0)\r\n" } ?? "" : ""
          let answer =
            "HTTP/1.1 \(status) X\r\n\(redirect)Content-Length: 0\r\nConnection: close\r\n\r\n"
          _ = answer.withCString { send(connection, $0, strlen($0), 0) }
          arrival.yield(Message(headers: headers, body: Data(body)))
          return
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  private static func headers(_ text: String) -> [String: String] {
    var headers: [String: String] = [:]
    for line in text.split(separator: "\r\n").dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    return headers
  }
}
