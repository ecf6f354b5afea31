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
    guard offsets[0] == 0, zip(offsets, offsets.dropFirst()).allSatisfy(<=),
      Int(offsets[offsets.count - 1]) <= values.count
    else { throw ModelFormatError(.malformed, "the offsets lie outside the values") }
    // The bytes are written as signed numbers.
    let bytes = values.map { UInt8(truncatingIfNeeded: $0) }
    let names = zip(offsets, offsets.dropFirst()).compactMap { start, end in
      String(validating: bytes[Int(start)..<Int(end)], as: UTF8.self)
    }
    // Cuts inside a letter: see `XGBoostModel.trusts(_:)`.
    return names.count == offsets.count - 1 ? names : nil
  }
}
