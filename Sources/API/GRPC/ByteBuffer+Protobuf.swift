import NIOCore

/// How a field's bytes are to be read.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
enum WireType: UInt8 {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
}

/// Protobuf's wire format.
extension ByteBuffer {
  mutating func writeTag(_ number: Int, _ type: WireType) {
    writeVarint(UInt64(number) << 3 | UInt64(type.rawValue))
  }

  mutating func writeVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    writeInteger(UInt8(rest))
  }

  mutating func writeVarint(_ number: Int, _ value: UInt64) {
    writeTag(number, .varint)
    writeVarint(value)
  }

  /// Writes a text, unless it is empty, which is its absence.
  mutating func writeField(_ number: Int, _ text: String) {
    guard !text.isEmpty else { return }
    writeTag(number, .lengthDelimited)
    writeVarint(UInt64(text.utf8.count))
    writeString(text)
  }

  /// Writes numbers in one field, unless there are none.
  mutating func writePacked<Value>(
    _ number: Int, _ values: [Value], write: (inout ByteBuffer, Value) -> Void
  ) {
    guard !values.isEmpty else { return }
    writeMessage(number) { for value in values { write(&$0, value) } }
  }

  /// Writes what `body` writes, behind its length.
  mutating func writeMessage(_ number: Int, _ body: (inout ByteBuffer) -> Void) {
    writeTag(number, .lengthDelimited)
    let start = writerIndex
    // Most are short: room for one byte, and the rest makes way where the length takes more.
    writeInteger(UInt8(0))
    body(&self)
    let length = writerIndex - start - 1
    guard length >= 0x80 else {
      setInteger(UInt8(length), at: start)
      return
    }
    let content = getSlice(at: start + 1, length: length) ?? ByteBuffer()
    moveWriterIndex(to: start)
    writeVarint(UInt64(length))
    writeImmutableBuffer(content)
  }
}

/// Bytes that need a reader for all of protobuf.
struct UnusualMessage: Error {}

extension ByteBuffer {
  /// Takes the next field, if it has a low number and its length ahead.
  mutating func readField() throws(UnusualMessage) -> (number: UInt8, content: ByteBuffer) {
    guard let tag = readInteger(as: UInt8.self), tag & 0x87 == WireType.lengthDelimited.rawValue
    else { throw UnusualMessage() }
    let length = Int(try readVarint())
    guard let content = readSlice(length: length) else { throw UnusualMessage() }
    return (tag >> 3, content)
  }

  /// Takes a number that is not negative.
  mutating func readVarint() throws(UnusualMessage) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard let byte = readInteger(as: UInt8.self) else { break }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw UnusualMessage()
  }

  /// The text that it all is.
  func text() throws(UnusualMessage) -> String {
    guard let text = String(validating: readableBytesView, as: UTF8.self) else {
      throw UnusualMessage()
    }
    return text
  }
}
