/// Reads the fields of XGBoost's binary format, little-endian, one after another.
///
/// An announced length is believed only as far as bytes are left.
struct XGBoostBytes: ~Copyable {
  // Safe: the bytes outlive the reader, which lives only within `XGBoostModel.readBinary`.
  private let bytes: UnsafeRawBufferPointer
  /// The byte that is read next, counted from 0.
  var offset: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, from offset: Int) {
    self.bytes = UnsafeRawBufferPointer(bytes)
    self.offset = min(max(offset, 0), bytes.count)
  }

  var remaining: Int { bytes.count - offset }

  func error(_ message: String, _ code: ModelFormatError.Code = .malformed) -> ModelFormatError {
    ModelFormatError(code, message, offset: offset)
  }

  /// The next bytes, past which it moves.
  mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, count <= remaining else {
      throw count <= 8 && count >= 0
        ? error("the model ends too early")
        : error("\(count) bytes are announced, but only \(remaining) follow")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// Reads `count` elements of `width` bytes.
  mutating func take(_ count: Int, of width: Int) throws -> UnsafeRawBufferPointer {
    let size = count.multipliedReportingOverflow(by: width)
    guard count >= 0, !size.overflow, size.partialValue <= remaining else {
      throw error("\(count) elements are announced, but only \(remaining) bytes follow")
    }
    return try take(size.partialValue)
  }

  mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) throws -> Integer {
    try take(MemoryLayout<Integer>.size).littleEndian(Integer.self, at: 0)
  }

  mutating func int() throws -> Int { Int(try integer(Int32.self)) }

  mutating func float() throws -> Float { Float(bitPattern: try integer(UInt32.self)) }

  /// Reads a 64-bit length; one that no Int holds is longer than any file.
  mutating func length() throws -> Int { Int(clamping: try integer(UInt64.self)) }

  mutating func string() throws -> String {
    let start = offset
    guard let text = String(validating: try take(length()), as: UTF8.self) else {
      throw ModelFormatError(.malformed, "the string is not UTF-8", offset: start)
    }
    return text
  }

  /// Reads a vector of float32 numbers behind its length.
  mutating func floats() throws -> [Float] {
    let count = try length()
    let bytes = try take(count, of: 4)
    return (0..<count).map { Float(bitPattern: bytes.littleEndian(UInt32.self, at: 4 * $0)) }
  }
}

extension UnsafeRawBufferPointer {
  /// The number at this byte.
  func littleEndian<Integer: FixedWidthInteger>(_: Integer.Type, at offset: Int) -> Integer {
    Integer(littleEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }
}
