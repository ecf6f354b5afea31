#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A TCP connection to this machine that sends exactly what it is told to.
public final class RawConnection {
  private let descriptor: Int32

  /// Connects to a port of 127.0.0.1; reads give up after 20 seconds.
  public init(port: Int) throws {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw SupportError("cannot connect to port \(port)") }
  }

  deinit { close(descriptor) }

  /// Sends text.
  public func send(_ text: String) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw SupportError("the connection was closed while sending") }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Reads until the text has all of these parts in this order, or the server closes the connection.
  public func read(until parts: [String] = []) -> String {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while parts.isEmpty || !Self.has(parts, in: text) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
    return text
  }

  private static func has(_ parts: [String], in text: String) -> Bool {
    var rest = text[...]
    for part in parts {
      guard let range = rest.firstRange(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }
}
