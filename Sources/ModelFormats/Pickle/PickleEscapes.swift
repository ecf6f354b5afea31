/// The texts of protocol 0, which are written for the eye.
enum PickleEscapes {
  /// Reads a Python string literal: quotation marks, escapes with a backslash.
  static func string(_ literal: ArraySlice<UInt8>) -> [UInt8]? {
    guard literal.count >= 2, let quote = literal.first, quote == literal.last,
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else { return nil }
    var rest = literal.dropFirst().dropLast()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rest.count)
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      guard let letter = rest.popFirst() else { return nil }
      switch letter {
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "x"):
        guard let value = number(&rest, digits: 2, radix: 16) else { return nil }
        bytes.append(UInt8(value))
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): bytes.append(letter)
      default: return nil
      }
    }
    return bytes
  }

  /// Reads text in Python's `raw-unicode-escape`: Latin-1, and `\u` with four or `\U` with eight
  /// digits. The result is UTF-8.
  static func unicode(_ line: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = line
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rest.count)
    while let byte = rest.popFirst() {
      var value = UInt32(byte)
      if byte == UInt8(ascii: "\\"), let letter = rest.first,
        letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U")
      {
        rest.removeFirst()
        let digits = letter == UInt8(ascii: "u") ? 4 : 8
        guard let escaped = number(&rest, digits: digits, radix: 16) else { return nil }
        value = escaped
      }
      guard let scalar = Unicode.Scalar(value) else { return nil }
      bytes += UTF8.encode(scalar).map { Array($0) } ?? []
    }
    return bytes
  }

  /// The Latin-1 bytes of UTF-8; nil when it has other letters.
  static func latin1(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case 0..<0x80: bytes.append(byte)
      case 0xC2, 0xC3:
        guard let next = rest.next(), next & 0xC0 == 0x80 else { return nil }
        bytes.append(byte << 6 | next & 0x3F)
      default: return nil
      }
    }
    return bytes
  }

  private static func number(
    _ bytes: inout ArraySlice<UInt8>, digits: Int, radix: Int
  ) -> UInt32? {
    let text = bytes.prefix(digits)
    bytes = bytes.dropFirst(digits)
    guard text.count == digits, text.first != UInt8(ascii: "+"), text.first != UInt8(ascii: "-")
    else { return nil }
    return UInt32(String(decoding: text, as: UTF8.self), radix: radix)
  }
}
