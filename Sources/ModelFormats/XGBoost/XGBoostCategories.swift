/// The texts of categories, as XGBoost 3.1 and later keep them from data frames.
///
/// `enc` has one element a feature: nothing for numbers; `offsets` and `values`, the bytes of all
/// texts end to end; or `type` and `values`, for categories that are whole numbers themselves.
enum XGBoostCategories {
  static func read(
    _ scanner: inout some DocumentScanner & ~Copyable
  ) throws -> [[String]?] {
    var features: [[String]?] = []
    try scanner.fields { key, scanner in
      guard key == "enc" else { return try scanner.skip() }
      features = []
      try scanner.elements { _, scanner in features.append(try feature(&scanner)) }
    }
    return features
  }

  private static func feature(
    _ scanner: inout some DocumentScanner & ~Copyable
  ) throws -> [String]? {
    var offsets: [Int32]?
    var values: [Int32] = []
    try scanner.fields { key, scanner in
      switch key {
      case "offsets":
        var numbers: [Int32] = []
        try scanner.integers(into: &numbers)
        offsets = numbers
      case "values":
        values = []
        try scanner.integers(into: &values)
      default: try scanner.skip()
      }
    }
    guard let offsets else { return values.isEmpty ? nil : values.map(String.init) }
    guard offsets.count > 1 else { return nil }
    // The bytes are written as signed numbers.
    let bytes = values.map { UInt8(truncatingIfNeeded: $0) }
    return try zip(offsets, offsets.dropFirst()).map { start, end in
      guard 0...bytes.count ~= Int(start), Int(start)...bytes.count ~= Int(end),
        let text = String(validating: bytes[Int(start)..<Int(end)], as: UTF8.self)
      else {
        throw ModelFormatError(.malformed, "the name of a category is no text within the values")
      }
      return text
    }
  }
}
