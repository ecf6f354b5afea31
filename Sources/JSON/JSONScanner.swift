/// Reads JSON (RFC 8259) from bytes, value by value, without building a tree.
///
/// The caller asks for what it expects; anything else is a ``JSONError``. Objects and arrays are
/// scopes: the closure reads exactly one value each time it is called.
///
/// ```swift
/// try JSONScanner.read(bytes) { json in
///   try json.object { key, json in
///     if key == "data" { try json.numbers(into: &values) } else { try json.skip() }
///   }
/// }
/// ```
///
/// Time is linear in the bytes; nesting deeper than ``maximumDepth`` is an error, so that no input
/// can exhaust the stack.
public struct JSONScanner: ~Copyable {
  /// The kinds of value.
  public enum Kind: String, Sendable {
    /// `{…}`
    case object
    /// `[…]`
    case array
    /// `"…"`
    case string
    /// `-1.5e3`
    case number
    /// `true` or `false`
    case bool
    /// `null`
    case null
  }

  /// How deeply arrays and objects may nest.
  public static let maximumDepth = 128

  // Safe: the bytes outlive the scanner, which lives only within `read`.
  let bytes: UnsafeBufferPointer<UInt8>
  /// The byte that is read next, counted from 0.
  public internal(set) var offset = 0
  let allowsNonFinite: Bool
  private var depth = 0

  private init(bytes: UnsafeBufferPointer<UInt8>, allowsNonFinite: Bool) {
    self.bytes = bytes
    self.allowsNonFinite = allowsNonFinite
  }

  /// Reads one JSON text, which must fill the bytes but for white space.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8.
  ///   - allowsNonFinite: whether `NaN`, `Infinity` and `-Infinity`, which are not JSON but which
  ///     several libraries write, count as numbers.
  ///   - body: reads the one value.
  /// - Throws: ``JSONError``, or what `body` throws.
  public static func read<Result>(
    _ bytes: UnsafeBufferPointer<UInt8>, allowsNonFinite: Bool = false,
    _ body: (inout JSONScanner) throws -> Result
  ) throws -> Result {
    var scanner = JSONScanner(bytes: bytes, allowsNonFinite: allowsNonFinite)
    let result = try body(&scanner)
    scanner.skipSpace()
    guard scanner.offset == bytes.count else {
      throw scanner.error("there is more after the end of the value")
    }
    return result
  }

  /// The kind of the next value, which stays unread.
  public mutating func kind() throws(JSONError) -> Kind {
    skipSpace()
    guard offset < bytes.count else { throw error("the text ends where a value should stand") }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "N"), UInt8(ascii: "I"):
      if allowsNonFinite { return .number }
      throw error("NaN and Infinity are not JSON; write null for a missing value")
    default: throw error("no value starts with this character")
    }
  }

  /// Reads an object, giving the closure each key; the closure reads the value.
  public mutating func object(
    _ member: (String, inout JSONScanner) throws -> Void
  ) throws {
    try expect(.object)
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "}"), isFirst: isFirst) {
      isFirst = false
      guard try kind() == .string else { throw error("a key must be a string") }
      let key = try string()
      skipSpace()
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: ":") else {
        throw error("a colon must follow the key \"\(key)\"")
      }
      offset += 1
      try member(key, &self)
    }
    depth -= 1
  }

  /// Reads an array; the closure is given each position, from 0, and reads the element.
  public mutating func array(_ element: (Int, inout JSONScanner) throws -> Void) throws {
    try expect(.array)
    try enter()
    var index = 0
    while try next(closing: UInt8(ascii: "]"), isFirst: index == 0) {
      try element(index, &self)
      index += 1
    }
    depth -= 1
  }

  /// Reads `true` or `false`.
  public mutating func bool() throws(JSONError) -> Bool {
    try expect(.bool)
    let value = bytes[offset] == UInt8(ascii: "t")
    try word(value ? "true" : "false")
    return value
  }

  /// Reads `null` if it comes next, and says whether it did.
  public mutating func null() throws(JSONError) -> Bool {
    guard try kind() == .null else { return false }
    try word("null")
    return true
  }

  /// Reads any value and forgets it.
  public mutating func skip() throws {
    switch try kind() {
    case .object: try object { _, json in try json.skip() }
    case .array: try skipArray()
    case .string: _ = try string()
    case .number: try skipNumber()
    case .bool: _ = try bool()
    case .null: _ = try null()
    }
  }

  private mutating func skipArray() throws {
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "]"), isFirst: isFirst) {
      isFirst = false
      if offset < bytes.count, isNumberStart(bytes[offset]) {
        try skipNumber()
      } else {
        try skip()
      }
    }
    leave()
  }

  /// An error at the byte that is read next.
  public func error(_ message: String) -> JSONError { JSONError(message: message, offset: offset) }

  /// Checks the kind of the next value.
  func expect(_ wanted: Kind, found: Kind) throws(JSONError) {
    guard found == wanted else {
      throw error("expected \(wanted.article), found \(found.article)")
    }
  }

  mutating func expect(_ wanted: Kind) throws(JSONError) {
    try expect(wanted, found: kind())
  }

  /// Moves past the opening bracket.
  mutating func enter() throws(JSONError) {
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw error("nested more than \(Self.maximumDepth) deep")
    }
    offset += 1
  }

  mutating func leave() { depth -= 1 }

  /// Moves to the next element and says whether there is one.
  mutating func next(closing bracket: UInt8, isFirst: Bool) throws(JSONError) -> Bool {
    skipSpace()
    guard offset < bytes.count else { throw error("the text ends inside an array or object") }
    if bytes[offset] == bracket {
      offset += 1
      return false
    }
    if isFirst { return true }
    guard bytes[offset] == UInt8(ascii: ",") else {
      throw error("a comma or the closing bracket must follow")
    }
    offset += 1
    return true
  }

  mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  mutating func word(_ word: StaticString) throws(JSONError) {
    let end = offset + word.utf8CodeUnitCount
    // Safe: a StaticString's pointer is valid for its count, and `end` is checked first.
    guard end <= bytes.count,
      bytes[offset..<end].elementsEqual(
        UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    else { throw error("expected \(word)") }
    offset = end
  }
}

extension JSONScanner.Kind {
  /// The name with its article, for messages.
  public var article: String {
    switch self {
    case .object, .array: "an \(rawValue)"
    case .string, .number: "a \(rawValue)"
    case .bool: "true or false"
    case .null: "null"
    }
  }
}
