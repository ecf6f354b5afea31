/// Writes a document, as JSON or UBJSON, value by value: what ``DocumentScanner`` reads.
///
/// Within an object each value stands behind its ``key(_:)``.
protocol DocumentWriter {
  var bytes: [UInt8] { get }

  mutating func object(_ members: (inout Self) throws -> Void) rethrows
  mutating func key(_ key: String)
  /// Writes an array whose elements the closure writes, one for each number below `count`.
  mutating func array(_ count: Int, _ element: (Int, inout Self) throws -> Void) rethrows
  mutating func string(_ text: String)
  mutating func integer(_ number: Int)
  mutating func floats(_ numbers: [Float])
  mutating func integers(_ numbers: [Int32])
  /// Writes whole numbers that XGBoost keeps in 64 bits.
  mutating func wideIntegers(_ numbers: [Int])
  /// Writes flags as 0 and 1.
  mutating func flags(_ flags: [Bool])
}

extension DocumentWriter {
  mutating func member(_ key: String, _ text: String) {
    self.key(key)
    string(text)
  }

  mutating func member(_ key: String, _ number: Int) { member(key, String(number)) }

  mutating func member(_ key: String, _ members: (inout Self) throws -> Void) rethrows {
    self.key(key)
    try object(members)
  }

  mutating func member(_ key: String, _ texts: [String]) {
    self.key(key)
    array(texts.count) { $1.string(texts[$0]) }
  }

  mutating func member(_ key: String, _ numbers: [Float]) {
    self.key(key)
    floats(numbers)
  }

  mutating func member(_ key: String, _ numbers: [Int32]) {
    self.key(key)
    integers(numbers)
  }
}

/// Writes JSON; numbers have the fewest digits that give the same float32.
struct JSONDocumentWriter: DocumentWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func bracket(
    _ start: Unicode.Scalar, _ end: Unicode.Scalar, _ body: (inout Self) throws -> Void
  ) rethrows {
    separate()
    bytes.append(UInt8(ascii: start))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: end))
    needsComma = true
  }

  mutating func object(_ members: (inout Self) throws -> Void) rethrows {
    try bracket("{", "}", members)
  }

  mutating func key(_ key: String) {
    string(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  mutating func array(_ count: Int, _ element: (Int, inout Self) throws -> Void) rethrows {
    try bracket("[", "]") { writer in
      for index in 0..<count { try element(index, &writer) }
    }
  }

  mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        bytes += Array("\\u00".utf8) + (digits.utf8.count < 2 ? [0x30] : []) + Array(digits.utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func integer(_ number: Int) { literal(String(number)) }

  private mutating func literal(_ text: String) {
    separate()
    bytes += text.utf8
  }

  mutating func floats(_ numbers: [Float]) {
    array(numbers.count) { index, writer in
      let number = numbers[index]
      writer.literal(
        number.isFinite ? "\(number)" : number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
      )
    }
  }

  mutating func integers(_ numbers: [Int32]) {
    array(numbers.count) { $1.integer(Int(numbers[$0])) }
  }

  mutating func wideIntegers(_ numbers: [Int]) {
    array(numbers.count) { $1.integer(numbers[$0]) }
  }

  mutating func flags(_ flags: [Bool]) {
    array(flags.count) { $1.integer(flags[$0] ? 1 : 0) }
  }
}

/// Writes UBJSON as XGBoost does: numbers of arrays in bulk, keys and lengths as int64.
struct UBJSONDocumentWriter: DocumentWriter {
  private(set) var bytes: [UInt8] = []

  private mutating func big(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
  }

  private mutating func length(_ count: Int) {
    bytes.append(UInt8(ascii: "L"))
    big(Int64(count))
  }

  mutating func object(_ members: (inout Self) throws -> Void) rethrows {
    bytes.append(UInt8(ascii: "{"))
    try members(&self)
    bytes.append(UInt8(ascii: "}"))
  }

  mutating func key(_ key: String) {
    length(key.utf8.count)
    bytes += key.utf8
  }

  mutating func array(_ count: Int, _ element: (Int, inout Self) throws -> Void) rethrows {
    bytes += Array("[#".utf8)
    length(count)
    for index in 0..<count { try element(index, &self) }
  }

  mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "S"))
    key(text)
  }

  mutating func integer(_ number: Int) {
    bytes.append(UInt8(ascii: "L"))
    big(Int64(number))
  }

  private mutating func bulk(_ type: Unicode.Scalar, _ count: Int) {
    bytes += Array("[$".utf8) + [UInt8(ascii: type), UInt8(ascii: "#")]
    length(count)
  }

  mutating func floats(_ numbers: [Float]) {
    bulk("d", numbers.count)
    for number in numbers { big(number.bitPattern) }
  }

  mutating func integers(_ numbers: [Int32]) {
    bulk("l", numbers.count)
    for number in numbers { big(number) }
  }

  mutating func wideIntegers(_ numbers: [Int]) {
    bulk("L", numbers.count)
    for number in numbers { big(Int64(number)) }
  }

  mutating func flags(_ flags: [Bool]) {
    bulk("U", flags.count)
    for flag in flags { bytes.append(flag ? 1 : 0) }
  }
}
