extension JSONScanner {
  /// Reads a string.
  ///
  /// - Throws: ``JSONError`` for control characters, unknown escapes, lone surrogates and bytes
  ///   that are not UTF-8.
  public mutating func string() throws(JSONError) -> String {
    try expect(.string)
    offset += 1
    let start = offset
    while offset < bytes.count {
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        let text = try decode(bytes[start..<offset], at: start)
        offset += 1
        return text
      case UInt8(ascii: "\\"):
        return try escapedString(from: start)
      case 0..<0x20:
        throw error("a control character in a string must be escaped")
      default:
        offset += 1
      }
    }
    throw error("the text ends inside a string")
  }

  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var text = Array(bytes[start..<offset])
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        return try decode(text, at: start)
      case UInt8(ascii: "\\"):
        text += try escape()
      case 0..<0x20:
        throw error("a control character in a string must be escaped")
      default:
        text.append(byte)
      }
    }
    throw error("the text ends inside a string")
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard offset < bytes.count else { throw error("the text ends inside a string") }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return Array(String(try unicodeScalar()).utf8)
    default: throw error("no escape is written like this")
    }
  }

  private mutating func unicodeScalar() throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // A surrogate: only a high one that a low one follows makes a character (RFC 8259, 7).
    guard first < 0xDC00 else { throw error("half of a surrogate pair") }
    try word("\\u")
    let second = try hexadecimal()
    guard 0xDC00..<0xE000 ~= second,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw error("half of a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    let end = offset + 4
    guard end <= bytes.count,
      bytes[offset..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: bytes[offset..<end], as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits must follow \\u") }
    offset = end
    return value
  }

  private func decode(_ utf8: some Collection<UInt8>, at start: Int) throws(JSONError) -> String {
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw JSONError(message: "the string is not UTF-8", offset: start)
    }
    return text
  }
}
