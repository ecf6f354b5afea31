import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads the lines of a text and the numbers in them.
struct LightGBMLines {
  /// A line: a key, or a key and a value after an equals sign.
  struct Line {
    var key: String
    /// The bytes of the value, or where the line ends.
    var value: Range<Int>
  }

  // Safe: the bytes outlive the reader, which lives only within `LightGBMText.read`.
  let bytes: UnsafeBufferPointer<UInt8>
  /// Where the next line begins.
  private(set) var offset = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  /// Whether all is read.
  var isAtEnd: Bool { offset == bytes.count }

  /// The next line that is not empty; nil at the end.
  ///
  /// - Throws: ``ModelFormatError`` when the last line lacks its end.
  mutating func next() throws -> Line? {
    while let range = nextRange() {
      if range.isEmpty { continue }
      guard offset > range.upperBound else {
        throw error("the text ends inside a line", at: range.lowerBound)
      }
      let equals = find(UInt8(ascii: "="), in: range.lowerBound..<range.upperBound)
      let end = equals ?? range.upperBound
      return Line(
        key: String(decoding: bytes[range.lowerBound..<end], as: UTF8.self),
        value: min(end + 1, range.upperBound)..<range.upperBound)
    }
    return nil
  }

  /// The next line without its end, which may be missing at the end of the text.
  mutating func nextRange() -> Range<Int>? {
    guard !isAtEnd else { return nil }
    let start = offset
    let end = find(UInt8(ascii: "\n"), in: start..<bytes.count)
    offset = end.map { $0 + 1 } ?? bytes.count
    var last = end ?? bytes.count
    if last > start, bytes[last - 1] == UInt8(ascii: "\r") { last -= 1 }
    return start..<last
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  func error(_ message: String, at offset: Int) -> ModelFormatError {
    ModelFormatError(.malformed, message, offset: offset)
  }

  private func find(_ byte: UInt8, in range: Range<Int>) -> Int? {
    guard !range.isEmpty else { return nil }
    // Safe: the range lies within the bytes, which are not empty.
    let start = bytes.baseAddress! + range.lowerBound
    guard let found = memchr(start, Int32(byte), range.count) else { return nil }
    return UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - bytes.baseAddress!
  }
}

extension LightGBMLines {
  /// Reads a whole number that fills the range.
  func integer(_ range: Range<Int>) throws -> Int {
    guard let value = Int(text(range)) else {
      throw error("expected a whole number, found \(text(range).quoted)", at: range.lowerBound)
    }
    return value
  }

  /// Reads whole numbers that spaces part; each must fit into the type.
  func integers<Value: FixedWidthInteger>(_ range: Range<Int>, into values: inout [Value]) throws {
    values.removeAll(keepingCapacity: true)
    try words(range) { start, end in
      let isNegative = bytes[start] == UInt8(ascii: "-")
      let first = isNegative ? start + 1 : start
      var magnitude = 0
      for position in first..<end {
        let digit = Int(bytes[position] &- UInt8(ascii: "0"))
        guard digit < 10, position - first < 18 else { throw notWhole(start, end, Value.self) }
        magnitude = magnitude * 10 + digit
      }
      guard first < end, let value = Value(exactly: isNegative ? -magnitude : magnitude) else {
        throw notWhole(start, end, Value.self)
      }
      values.append(value)
    }
  }

  /// Reads numbers that spaces part, correctly rounded.
  func numbers(_ range: Range<Int>, into values: inout [Double]) throws {
    values.removeAll(keepingCapacity: true)
    try words(range) { start, end in values.append(try number(start, end)) }
  }

  private func number(_ start: Int, _ end: Int) throws -> Double {
    let isNegative = bytes[start] == UInt8(ascii: "-")
    var position = isNegative ? start + 1 : start
    var digits: UInt64 = 0
    var digitCount = 0
    var exponent = 0
    func scanDigits() {
      while position < end, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
        // Zeros in front are no digits that count.
        if digits != 0 || digit != 0 { digitCount += 1 }
        digits = digits &* 10 &+ UInt64(digit)
        position += 1
      }
    }
    scanDigits()
    if position < end, bytes[position] == UInt8(ascii: ".") {
      position += 1
      let point = position
      scanDigits()
      exponent = point - position
    }
    if position < end, position > start, bytes[position] | 0x20 == UInt8(ascii: "e") {
      exponent += scanExponent(&position, end)
    }
    if position == end, digitCount <= 19, digitCount > 0 || exponent != 0 || digits == 0,
      bytes[end - 1] &- UInt8(ascii: "0") < 10,
      let value = Double(decimal: digits, exponent: exponent)
    {
      return isNegative ? -value : value
    }
    // Infinity, NaN, very small or long numbers, and what is none.
    guard let value = Double(text(start..<end)) else {
      throw error("expected a number, found \(text(start..<end).quoted)", at: start)
    }
    return value
  }

  /// Reads `e-05`; leaves the position where it is if there is no exponent.
  private func scanExponent(_ position: inout Int, _ end: Int) -> Int {
    var current = position + 1
    var isNegative = false
    if current < end, bytes[current] == UInt8(ascii: "-") || bytes[current] == UInt8(ascii: "+") {
      isNegative = bytes[current] == UInt8(ascii: "-")
      current += 1
    }
    guard current < end, end - current <= 4 else { return 0 }
    var exponent = 0
    while current < end {
      let digit = bytes[current] &- UInt8(ascii: "0")
      guard digit < 10 else { return 0 }
      exponent = exponent * 10 + Int(digit)
      current += 1
    }
    position = end
    return isNegative ? -exponent : exponent
  }

  /// Calls the closure with the start and the end of each word.
  @inline(__always)
  private func words(_ range: Range<Int>, _ word: (Int, Int) throws -> Void) rethrows {
    var start = range.lowerBound
    while start < range.upperBound {
      if bytes[start] == UInt8(ascii: " ") {
        start += 1
        continue
      }
      var end = start + 1
      while end < range.upperBound, bytes[end] != UInt8(ascii: " ") { end += 1 }
      try word(start, end)
      start = end
    }
  }

  private func notWhole<Value: FixedWidthInteger>(
    _ start: Int, _ end: Int, _ type: Value.Type
  ) -> ModelFormatError {
    error(
      "expected a whole number of \(Value.bitWidth) bits, found \(text(start..<end).quoted)",
      at: start)
  }
}
