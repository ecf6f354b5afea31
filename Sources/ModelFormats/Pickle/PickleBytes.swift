/// Reads the arguments of instructions from the bytes of a pickle.
///
/// An announced length is believed only as far as bytes are left.
struct PickleBytes {
  let bytes: [UInt8]
  /// The byte that is read next, counted from 0.
  var offset = 0
  /// Where the present instruction began: the place of its errors.
  var start = 0

  func error(_ message: String, _ code: ModelFormatError.Code = .malformed) -> ModelFormatError {
    ModelFormatError(code, message, offset: start)
  }

  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - offset else {
      throw count <= 8
        ? error("the pickle ends too early")
        : error("\(count) bytes are announced, but only \(bytes.count - offset) follow")
    }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  mutating func byte() throws -> UInt8 {
    guard offset < bytes.count else { throw error("the pickle ends too early") }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func littleEndian<Integer: FixedWidthInteger>(_: Integer.Type) throws -> Integer {
    try take(MemoryLayout<Integer>.size).reversed().reduce(0) {
      $0 << 8 | Integer(truncatingIfNeeded: $1)
    }
  }

  /// Reads a length of this type.
  mutating func length<Integer: FixedWidthInteger>(_: Integer.Type) throws -> Int {
    let length = try littleEndian(Integer.self)
    guard length >= 0 else { throw error("a length must not be negative") }
    // One that no Int holds is longer than any file: `take` says so.
    return Int(clamping: length)
  }

  /// Reads up to the end of the line, which it leaves out.
  mutating func line() throws -> ArraySlice<UInt8> {
    guard let end = bytes[offset...].firstIndex(of: 0x0A) else {
      throw error("the pickle ends too early")
    }
    defer { offset = end + 1 }
    return bytes[offset..<end]
  }

  mutating func lineText() throws -> String {
    let line = try line()
    guard line.count <= PickleGraph.maximumTextSize,
      let text = String(validating: line, as: UTF8.self)
    else { throw error("the line is too long, or not UTF-8") }
    return text
  }

  /// Reads a whole number of up to 64 bits from a line, `12` or `12L`.
  mutating func lineInteger() throws -> PickleValue {
    let text = try lineText()
    switch text {
    case "00": return .bool(false)
    case "01": return .bool(true)
    default:
      let digits = text.hasSuffix("L") ? String(text.dropLast()) : text
      if let number = Int(digits) { return .int(number) }
      // Wider numbers occur in states of random generators only.
      guard let number = Double(digits), digits.allSatisfy(\.isNumberOrSign) else {
        throw error("expected a whole number, found \(text.quoted)")
      }
      return .float(number)
    }
  }

  /// Reads a whole number of this many bytes, in two's complement.
  mutating func wideInteger(_ count: Int) throws -> PickleValue {
    let bytes = try take(count)
    let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
    if count <= 8 {
      let start = isNegative ? -1 : 0
      return .int(bytes.reversed().reduce(start) { $0 << 8 | Int($1) })
    }
    let magnitude = bytes.reversed().reduce(0.0) { $0 * 256 + Double(isNegative ? ~$1 : $1) }
    return .float(isNegative ? -magnitude - 1 : magnitude)
  }
}

extension Character {
  fileprivate var isNumberOrSign: Bool { self == "-" || isASCII && isWholeNumber }
}
