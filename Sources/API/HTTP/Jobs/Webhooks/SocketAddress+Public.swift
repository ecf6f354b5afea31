import NIOCore

extension SocketAddress {
  /// Whether the address is one of the public internet: not this machine, not a private network, not
  /// a link, nor anything else that IANA keeps apart (RFC 6890).
  var isPublic: Bool {
    // The address stands behind family and port; before that of IPv6 there is the flow.
    switch self {
    case .v4(let address):
      Self.isPublic(v4: withUnsafeBytes(of: address.address) { Self.number($0[4..<8]) })
    case .v6(let address):
      Self.isPublic(v6: withUnsafeBytes(of: address.address) { Array($0[8..<24]) })
    case .unixDomainSocket: false
    }
  }

  private static func number(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func isPublic(v4 address: UInt32) -> Bool {
    let special: [(UInt32, UInt32)] = [
      (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
      (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24),
      (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24),
      (0xE000_0000, 3),
    ]
    return !special.contains { network, length in
      (address ^ network) >> (32 - length) == 0
    }
  }

  private static func isPublic(v6 bytes: [UInt8]) -> Bool {
    guard bytes.count == 16 else { return false }
    // Addresses of IPv4 in other clothes: 64:ff9b::/96 and 2002::/16.
    if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
      return isPublic(v4: number(bytes[12..<16]))
    }
    if bytes.starts(with: [0x20, 0x02]) { return isPublic(v4: number(bytes[2..<6])) }
    // Global unicast is 2000::/3; of it 2001::/23 (protocols) and 2001:db8::/32 (examples) are not.
    guard bytes[0] & 0xE0 == 0x20 else { return false }
    if bytes.starts(with: [0x20, 0x01]) {
      return bytes[2] >= 2 && !(bytes[2] == 0x0D && bytes[3] == 0xB8)
    }
    return true
  }
}
