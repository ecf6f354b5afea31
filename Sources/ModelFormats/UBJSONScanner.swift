/// Reads Universal Binary JSON (draft 12, https://ubjson.org) from bytes, value by value.
///
/// A value is a letter for its type followed by its bytes, numbers in big-endian order. Arrays and
/// objects may announce one type for all their elements and their number, `[$d#L` + count; the
/// elements then follow without letters, which lets numbers be read in bulk.
///
/// An announced count or length is believed only as far as bytes are left, so that memory is linear
/// in the bytes; nesting deeper than ``maximumDepth`` is an error.
struct UBJSONScanner: ~Copyable {
  /// How deeply arrays and objects may nest.
  static let maximumDepth = 128

  // Safe: the bytes outlive the scanner, which lives only within `read`.
  let bytes: UnsafeRawBufferPointer
  /// The byte that is read next, counted from 0.
  var offset = 0
  var depth = 0
  /// The type of the next value, where its container announced it.
  var announcedType: UInt8?

  private init(bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Reads one document, which must fill the bytes.
  static func read<Result>(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: (inout UBJSONScanner) throws -> Result
  ) throws -> Result {
    var scanner = UBJSONScanner(bytes: UnsafeRawBufferPointer(bytes))
    let result = try body(&scanner)
    guard scanner.offset == bytes.count else {
      throw scanner.error("there is more after the end of the document")
    }
    return result
  }

  func error(_ message: String) -> ModelFormatError {
    ModelFormatError(.malformed, message, offset: offset)
  }
}

extension UBJSONScanner {
  mutating func expect(_ wanted: Unicode.Scalar, _ name: String) throws {
    let start = offset
    let found = try type()
    guard found == UInt8(ascii: wanted) else {
      throw ModelFormatError(
        .malformed, "expected \(name), found the type \(Self.show(found))", offset: start)
    }
  }

  mutating func type() throws -> UInt8 {
    if let type = announcedType {
      announcedType = nil
      return type
    }
    try skipNoOperations()
    return try byte()
  }

  mutating func skipNoOperations() throws {
    while offset < bytes.count, bytes[offset] == UInt8(ascii: "N") { offset += 1 }
  }

  /// Reads a length: a whole number that is not negative.
  mutating func length() throws -> Int {
    let length = try integer(of: byte())
    guard length >= 0 else { throw error("a length must not be negative") }
    return length
  }

  mutating func text() throws -> String {
    let start = offset
    let count = try length()
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw ModelFormatError(.malformed, "the string is not UTF-8", offset: start)
    }
    return text
  }

  mutating func integer(of type: UInt8) throws -> Int {
    switch type {
    case UInt8(ascii: "i"): Int(try bigEndian(Int8.self))
    case UInt8(ascii: "U"): Int(try bigEndian(UInt8.self))
    case UInt8(ascii: "I"): Int(try bigEndian(Int16.self))
    case UInt8(ascii: "l"): Int(try bigEndian(Int32.self))
    case UInt8(ascii: "L"): Int(try bigEndian(Int64.self))
    default: throw error("expected a whole number, found the type \(Self.show(type))")
    }
  }

  mutating func bigEndian<Integer: FixedWidthInteger>(
    _: Integer.Type
  ) throws -> Integer {
    Self.load(Integer.self, try take(MemoryLayout<Integer>.size), at: 0)
  }

  mutating func byte() throws -> UInt8 { try take(1)[0] }

  mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count <= bytes.count - offset else {
      throw count <= 8
        ? ended : error("\(count) bytes are announced, but only \(bytes.count - offset) follow")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  mutating func enter() throws {
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw error("nested more than \(Self.maximumDepth) deep")
    }
  }

  var ended: ModelFormatError { error("the document ends too early") }

  func unknown(_ type: UInt8) -> ModelFormatError {
    error("no value has the type \(Self.show(type))")
  }

  static func show(_ type: UInt8) -> String {
    0x21..<0x7F ~= type
      ? "'\(Unicode.Scalar(type))'" : "0x" + String(type, radix: 16, uppercase: true)
  }

  /// The bytes of a value whose type tells its size.
  static func width(of type: UInt8) -> Int? {
    switch type {
    case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "C"): 1
    case UInt8(ascii: "I"): 2
    case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
    case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
    default: nil
    }
  }

  static func load<Integer: FixedWidthInteger>(
    _: Integer.Type, _ bytes: UnsafeRawBufferPointer, at index: Int
  ) -> Integer {
    Integer(
      bigEndian: bytes.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Integer>.size, as: Integer.self))
  }
}
