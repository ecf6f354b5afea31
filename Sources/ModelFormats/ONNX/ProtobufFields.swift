/// The fields of a protocol buffers message, read one after another from where they lie.
///
/// The trees of an ONNX model are lists within one node within one message: to decode it into objects
/// would copy it at each of these levels, and make eight or sixteen bytes of every byte.
///
/// Format: https://protobuf.dev/programming-guides/encoding. Groups, which ONNX has none of, are
/// errors.
struct ProtobufFields {
  enum Value {
    case integer(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    /// A text, bytes, a message, or packed numbers.
    case bytes(ArraySlice<UInt8>)
  }

  private let message: ArraySlice<UInt8>
  private var offset: Int

  init(_ message: ArraySlice<UInt8>) {
    self.message = message
    offset = message.startIndex
  }

  /// The next field: its number and value; nil at the end.
  mutating func next() throws -> (number: Int, value: Value)? {
    guard offset < message.endIndex else { return nil }
    let key = try integer()
    let number = Int(truncatingIfNeeded: key >> 3)
    guard 1..<1 << 29 ~= number else { throw Self.malformed }
    switch key & 7 {
    case 0: return (number, .integer(try integer()))
    case 1: return (number, .fixed64(UInt64(littleEndian: try fixed())))
    case 2: return (number, .bytes(try take(integer())))
    case 5: return (number, .fixed32(UInt32(littleEndian: try fixed())))
    default: throw Self.malformed
    }
  }

  private mutating func integer() throws -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while offset < message.endIndex, shift < 64 {
      let byte = message[offset]
      offset += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    throw Self.malformed
  }

  private mutating func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
    guard count <= UInt64(message.endIndex - offset) else { throw Self.malformed }
    defer { offset += Int(count) }
    return message[offset..<offset + Int(count)]
  }

  private mutating func fixed<Number: BitwiseCopyable>() throws -> Number {
    try take(UInt64(MemoryLayout<Number>.size)).withUnsafeBytes {
      $0.loadUnaligned(as: Number.self)
    }
  }

  static var malformed: ModelFormatError {
    ModelFormatError(.malformed, "the bytes break the rules of protocol buffers")
  }
}

extension ProtobufFields {
  /// Gives every element of a repeated field of whole numbers, packed or not.
  static func forEachInteger(
    _ number: Int, in message: ArraySlice<UInt8>, _ body: (Int64) throws -> Void
  ) throws {
    var fields = ProtobufFields(message)
    while let field = try fields.next() {
      guard field.number == number else { continue }
      switch field.value {
      case .integer(let value): try body(Int64(bitPattern: value))
      case .bytes(let packed):
        var values = ProtobufFields(packed)
        while values.offset < packed.endIndex { try body(Int64(bitPattern: values.integer())) }
      case .fixed32, .fixed64: throw malformed
      }
    }
  }

  /// Gives every element of a repeated field of float32 numbers, packed or not.
  static func forEachFloat(
    _ number: Int, in message: ArraySlice<UInt8>, _ body: (Float) throws -> Void
  ) throws {
    var fields = ProtobufFields(message)
    while let field = try fields.next() {
      guard field.number == number else { continue }
      switch field.value {
      case .fixed32(let bits): try body(Float(bitPattern: bits))
      case .bytes(let packed):
        var values = ProtobufFields(packed)
        while values.offset < packed.endIndex {
          try body(Float(bitPattern: UInt32(littleEndian: values.fixed())))
        }
      case .integer, .fixed64: throw malformed
      }
    }
  }

  /// Gives every element of a repeated field of texts, bytes or messages.
  static func forEachBytes(
    _ number: Int, in message: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) throws -> Void
  ) throws {
    var fields = ProtobufFields(message)
    while let field = try fields.next() {
      guard field.number == number else { continue }
      guard case .bytes(let bytes) = field.value else { throw malformed }
      try body(bytes)
    }
  }
}

extension ProtobufFields.Value {
  /// What the field has of bytes, where it must be some.
  func bytes() throws -> ArraySlice<UInt8> {
    guard case .bytes(let bytes) = self else { throw ProtobufFields.malformed }
    return bytes
  }

  /// What the field has of text, where it must be some.
  func text() throws -> String {
    guard let text = String(validating: try bytes(), as: UTF8.self) else {
      throw ModelFormatError(.malformed, "a text is not UTF-8")
    }
    return text
  }
}
