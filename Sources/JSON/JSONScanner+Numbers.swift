extension JSONScanner {
  /// Reads an array of numbers and appends them.
  public mutating func numbers(into values: inout [Double]) throws(JSONError) {
    try eachNumber { json throws(JSONError) in values.append(try json.scanNumber()) }
  }

  /// Reads an array of numbers and appends them, rounded to float32.
  ///
  /// - Throws: ``JSONError``, also for numbers that float32 has no place for (unless the scanner
  ///   allows infinity).
  public mutating func floats(into values: inout [Float]) throws(JSONError) {
    try eachNumber { json throws(JSONError) in
      let start = json.offset
      let value = Float(try json.scanNumber())
      guard value.isFinite || json.allowsNonFinite else {
        throw JSONError(message: "the number is too large", offset: start)
      }
      values.append(value)
    }
  }

  /// Reads an array of whole numbers and appends them.
  ///
  /// - Throws: ``JSONError``, also for numbers that do not fit into 32 bits.
  public mutating func integers(into values: inout [Int32]) throws(JSONError) {
    try eachNumber { json throws(JSONError) in
      let start = json.offset
      guard let value = Int32(exactly: try json.scanNumber()) else {
        throw JSONError(message: "expected a whole number of 32 bits", offset: start)
      }
      values.append(value)
    }
  }

  /// Reads an array of numbers; `scan` is called at the first character of each.
  @inline(__always)
  private mutating func eachNumber(
    _ scan: (inout JSONScanner) throws(JSONError) -> Void
  ) throws(JSONError) {
    try expect(.array)
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "]"), isFirst: isFirst) {
      isFirst = false
      try expectNumber()
      try scan(&self)
    }
    leave()
  }

  /// Checks that a number comes next; the usual characters first, as arrays of numbers are most of
  /// what is read.
  @inline(__always)
  mutating func expectNumber() throws(JSONError) {
    if offset < bytes.count, isNumberStart(bytes[offset]) { return }
    try expect(.number)
  }

  @inline(__always)
  func isNumberStart(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "-")
  }
}
