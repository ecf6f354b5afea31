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
  private let bytes: UnsafeRawBufferPointer
  /// The byte that is read next, counted from 0.
  private(set) var offset = 0
  private var depth = 0
  /// The type of the next value, where its container announced it.
  private var announcedType: UInt8?

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

extension UBJSONScanner: DocumentScanner {
  mutating func object(_ member: (String, inout UBJSONScanner) throws -> Void) throws {
    try expect("{", "an object")
    try enter()
    let header = try header()
    var count = 0
    while try next(count, header, closing: UInt8(ascii: "}")) {
      let key = try text()
      announcedType = header.type
      try member(key, &self)
      count += 1
    }
    depth -= 1
  }

  mutating func array(_ element: (Int, inout UBJSONScanner) throws -> Void) throws {
    try expect("[", "an array")
    try enter()
    let header = try header()
    var count = 0
    while try next(count, header, closing: UInt8(ascii: "]")) {
      announcedType = header.type
      try element(count, &self)
      count += 1
    }
    depth -= 1
  }

  mutating func string() throws -> String {
    try expect("S", "a string")
    return try text()
  }

  mutating func integer() throws -> Int {
    try integer(of: type())
  }

  mutating func floats(into values: inout [Float]) throws {
    try numbers(into: &values) { scanner in
      let type = try scanner.type()
      switch type {
      case UInt8(ascii: "d"): return Float(bitPattern: try scanner.bigEndian(UInt32.self))
      case UInt8(ascii: "D"): return Float(Double(bitPattern: try scanner.bigEndian(UInt64.self)))
      default: return Float(try scanner.integer(of: type))
      }
    } bulk: { values, type, bytes, count in
      // Safe here and below: the scanner checked that there are `count` elements in the bytes.
      let elements = (0..<count).lazy
      switch type {
      case UInt8(ascii: "d"):
        values += elements.map { Float(bitPattern: Self.load(UInt32.self, bytes, at: $0)) }
      case UInt8(ascii: "D"):
        values += elements.map { Float(Double(bitPattern: Self.load(UInt64.self, bytes, at: $0))) }
      default: return false
      }
      return true
    }
  }

  mutating func integers(into values: inout [Int32]) throws {
    try numbers(into: &values) { scanner in
      guard let value = Int32(exactly: try scanner.integer()) else {
        throw scanner.error("the number does not fit into 32 bits")
      }
      return value
    } bulk: { values, type, bytes, count in
      let elements = (0..<count).lazy
      switch type {
      case UInt8(ascii: "i"): values += elements.map { Int32(Self.load(Int8.self, bytes, at: $0)) }
      case UInt8(ascii: "U"): values += elements.map { Int32(bytes[$0]) }
      case UInt8(ascii: "I"): values += elements.map { Int32(Self.load(Int16.self, bytes, at: $0)) }
      case UInt8(ascii: "l"): values += elements.map { Self.load(Int32.self, bytes, at: $0) }
      default: return false
      }
      return true
    }
  }

  mutating func flags(into values: inout [Bool]) throws {
    try numbers(into: &values) { scanner in
      switch try scanner.type() {
      case UInt8(ascii: "T"): true
      case UInt8(ascii: "F"): false
      case let type: try scanner.integer(of: type) != 0
      }
    } bulk: { values, type, bytes, count in
      guard type == UInt8(ascii: "U") || type == UInt8(ascii: "i") else { return false }
      values += bytes.lazy.map { $0 != 0 }
      return true
    }
  }

  mutating func skip() throws {
    let type = try type()
    switch type {
    case UInt8(ascii: "Z"), UInt8(ascii: "T"), UInt8(ascii: "F"): break
    case UInt8(ascii: "S"), UInt8(ascii: "H"): _ = try take(length())
    case UInt8(ascii: "{"):
      announcedType = type
      try object { _, scanner in try scanner.skip() }
    case UInt8(ascii: "["):
      try skipArray()
    default:
      guard let width = Self.width(of: type) else { throw unknown(type) }
      _ = try take(width)
    }
  }
}

extension UBJSONScanner {
  /// What a container announces of its elements.
  private struct Header {
    var type: UInt8?
    var count: Int?
  }

  /// Reads the announcement after an opening bracket, if there is one.
  private mutating func header() throws -> Header {
    var header = Header()
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "$") {
      offset += 1
      let type = try byte()
      // Elements without bytes would make a count unbounded.
      guard Self.width(of: type) != nil || "SH{[".utf8.contains(type) else { throw unknown(type) }
      header.type = type
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "#") else {
        throw error("a count must follow the type of the elements")
      }
    }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "#") {
      offset += 1
      let count = try length()
      let width = header.type.flatMap(Self.width) ?? 1
      guard count <= (bytes.count - offset) / width else {
        throw error(
          "\(count) elements are announced, but only \(bytes.count - offset) bytes follow")
      }
      header.count = count
    }
    return header
  }

  /// Says whether there is another element, and moves past the closing bracket if not.
  private mutating func next(
    _ index: Int, _ header: Header, closing bracket: UInt8
  ) throws -> Bool {
    if let count = header.count { return index < count }
    try skipNoOperations()
    guard offset < bytes.count else { throw ended }
    guard bytes[offset] == bracket else { return true }
    offset += 1
    return false
  }

  /// Reads an array of numbers: in bulk where the elements have one type and `bulk` knows it,
  /// otherwise one by one.
  private mutating func numbers<Number>(
    into values: inout [Number], element: (inout UBJSONScanner) throws -> Number,
    bulk: (inout [Number], _ type: UInt8, _ bytes: UnsafeRawBufferPointer, _ count: Int) -> Bool
  ) throws {
    try expect("[", "an array")
    try enter()
    let header = try header()
    var count = 0
    values.reserveCapacity(values.count + (header.count ?? 0))
    if let type = header.type, let width = Self.width(of: type), let announced = header.count {
      let elements = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + announced * width])
      if bulk(&values, type, elements, announced) {
        offset += elements.count
        depth -= 1
        return
      }
    }
    while try next(count, header, closing: UInt8(ascii: "]")) {
      announcedType = header.type
      values.append(try element(&self))
      count += 1
    }
    depth -= 1
  }

  private mutating func skipArray() throws {
    try enter()
    let header = try header()
    if let count = header.count, let width = header.type.flatMap(Self.width) {
      _ = try take(count * width)
    } else {
      var count = 0
      while try next(count, header, closing: UInt8(ascii: "]")) {
        announcedType = header.type
        try skip()
        count += 1
      }
    }
    depth -= 1
  }

  private mutating func expect(_ wanted: Unicode.Scalar, _ name: String) throws {
    let start = offset
    let found = try type()
    guard found == UInt8(ascii: wanted) else {
      throw ModelFormatError(
        .malformed, "expected \(name), found the type \(Self.show(found))", offset: start)
    }
  }

  private mutating func type() throws -> UInt8 {
    if let type = announcedType {
      announcedType = nil
      return type
    }
    try skipNoOperations()
    return try byte()
  }

  private mutating func skipNoOperations() throws {
    while offset < bytes.count, bytes[offset] == UInt8(ascii: "N") { offset += 1 }
  }

  /// Reads a length: a whole number that is not negative.
  private mutating func length() throws -> Int {
    let length = try integer(of: byte())
    guard length >= 0 else { throw error("a length must not be negative") }
    return length
  }

  private mutating func text() throws -> String {
    let start = offset
    let count = try length()
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw ModelFormatError(.malformed, "the string is not UTF-8", offset: start)
    }
    return text
  }

  private mutating func integer(of type: UInt8) throws -> Int {
    switch type {
    case UInt8(ascii: "i"): Int(try bigEndian(Int8.self))
    case UInt8(ascii: "U"): Int(try bigEndian(UInt8.self))
    case UInt8(ascii: "I"): Int(try bigEndian(Int16.self))
    case UInt8(ascii: "l"): Int(try bigEndian(Int32.self))
    case UInt8(ascii: "L"): Int(try bigEndian(Int64.self))
    default: throw error("expected a whole number, found the type \(Self.show(type))")
    }
  }

  private mutating func bigEndian<Integer: FixedWidthInteger>(
    _: Integer.Type
  ) throws -> Integer {
    Self.load(Integer.self, try take(MemoryLayout<Integer>.size), at: 0)
  }

  private mutating func byte() throws -> UInt8 { try take(1)[0] }

  private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count <= bytes.count - offset else {
      throw count <= 8
        ? ended : error("\(count) bytes are announced, but only \(bytes.count - offset) follow")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  private mutating func enter() throws {
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw error("nested more than \(Self.maximumDepth) deep")
    }
  }

  private var ended: ModelFormatError { error("the document ends too early") }

  private func unknown(_ type: UInt8) -> ModelFormatError {
    error("no value has the type \(Self.show(type))")
  }

  private static func show(_ type: UInt8) -> String {
    0x21..<0x7F ~= type
      ? "'\(Unicode.Scalar(type))'" : "0x" + String(type, radix: 16, uppercase: true)
  }

  /// The bytes of a value whose type tells its size.
  private static func width(of type: UInt8) -> Int? {
    switch type {
    case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "C"): 1
    case UInt8(ascii: "I"): 2
    case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
    case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
    default: nil
    }
  }

  private static func load<Integer: FixedWidthInteger>(
    _: Integer.Type, _ bytes: UnsafeRawBufferPointer, at index: Int
  ) -> Integer {
    Integer(
      bigEndian: bytes.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Integer>.size, as: Integer.self))
  }
}
