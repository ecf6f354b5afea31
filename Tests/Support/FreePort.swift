import Foundation
import Synchronization

/// A TCP port of 127.0.0.1 on which nobody listens now, and that no other test of this process gets.
///
/// It is below those that the system gives to connections and to who asks for any port, so a server
/// that starts again finds its port free.
public func freePort() throws -> Int {
  for _ in 0..<ports.count {
    let port = nextPort.withLock { next in
      defer { next = next == ports.upperBound ? ports.lowerBound : next + 1 }
      return next
    }
    if isFree(port) { return port }
  }
  throw SupportError("no port is free")
}

private let ports = 12_000...31_999
private let nextPort = Mutex(Int.random(in: ports))

private func isFree(_ port: Int) -> Bool {
  #if canImport(Glibc)
    let kind = Int32(SOCK_STREAM.rawValue)
  #else
    let kind = SOCK_STREAM
  #endif
  let descriptor = socket(AF_INET, kind, 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
