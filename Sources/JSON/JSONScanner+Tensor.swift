extension JSONScanner {
  /// Reads an array of numbers, flat or nested, and appends them row after row, rounded to float32.
  ///
  /// `null` and the text `"NaN"` stand for a missing value, and become NaN.
  ///
  /// - Parameter allowsBools: whether `true` and `false` count as 1 and 0.
  /// - Throws: ``JSONError``, also for numbers that float32 has no place for.
  public mutating func nestedFloats(
    into values: inout [Float], allowsBools: Bool = false
  ) throws(JSONError) {
    try expect(.array)
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "]"), isFirst: isFirst) {
      isFirst = false
      skipSpace()
      if offset < bytes.count, isNumberStart(bytes[offset]) {
        values.append(try scanFloat())
      } else if offset < bytes.count, bytes[offset] == UInt8(ascii: "[") {
        try nestedFloats(into: &values, allowsBools: allowsBools)
      } else {
        values.append(try floatWord(allowsBools: allowsBools))
      }
    }
    leave()
  }

  /// Reads an array of texts, flat or nested, and appends them; nil for `null`.
  public mutating func nestedStrings(into values: inout [String?]) throws(JSONError) {
    try expect(.array)
    try enter()
    var isFirst = true
    while try next(closing: UInt8(ascii: "]"), isFirst: isFirst) {
      isFirst = false
      switch try kind() {
      case .array: try nestedStrings(into: &values)
      case .null:
        try word("null")
        values.append(nil)
      default: values.append(try string())
      }
    }
    leave()
  }

  private mutating func floatWord(allowsBools: Bool) throws(JSONError) -> Float {
    switch try kind() {
    case .null:
      try word("null")
      return .nan
    case .string where bytes[offset...].starts(with: "\"NaN\"".utf8):
      try word("\"NaN\"")
      return .nan
    case .bool where allowsBools: return try bool() ? 1 : 0
    case let kind:
      throw error("expected a number or null, found \(kind.article)")
    }
  }

  private mutating func scanFloat() throws(JSONError) -> Float {
    let start = offset
    let value = Float(try scanNumber())
    guard value.isFinite || allowsNonFinite else {
      throw JSONError(message: "the number is outside the range of float32", offset: start)
    }
    return value
  }
}
