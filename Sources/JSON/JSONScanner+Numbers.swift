extension JSONScanner {
  /// Reads an array of numbers and appends them, rounded to float32.
  public mutating func floats(into values: inout [Float]) throws(JSONError) {
    try expect(.array)
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "]"), isFirst: isFirst) {
      isFirst = false
      values.append(Float(try number()))
    }
    leave()
  }

  /// Reads an array of whole numbers and appends them.
  ///
  /// - Throws: ``JSONError``, also for numbers that do not fit into 32 bits.
  public mutating func integers(into values: inout [Int32]) throws(JSONError) {
    try expect(.array)
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "]"), isFirst: isFirst) {
      isFirst = false
      try expect(.number)
      let start = offset
      guard let value = Int32(exactly: try number()) else {
        throw JSONError(message: "expected a whole number of 32 bits", offset: start)
      }
      values.append(value)
    }
    leave()
  }
}
