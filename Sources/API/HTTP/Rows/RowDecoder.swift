import Forest
import JSON
import Serving

/// Decodes rows of JSON straight into one row-major array of float32.
struct RowDecoder {
  let model: Model
  private var values: [Float] = []
  private(set) var rowCount = 0
  private var warnings = RowWarnings()
  /// The codes of the categories of the features that were met so far.
  private var codes: [Int: CategoryCodes] = [:]

  private let takesUnknownCategories: Bool

  /// A decoder for rows of this model.
  ///
  /// - Parameter takesUnknownCategories: whether a category that training did not see counts as
  ///   missing, with a warning; where nobody would read the warning it is an error.
  init(model: Model, takesUnknownCategories: Bool = true) {
    self.model = model
    self.takesUnknownCategories = takesUnknownCategories
  }

  /// The rows that were decoded, and what is odd about them.
  var result: (rows: Matrix, warnings: RowWarnings) {
    let rows = matrix
    var warnings = warnings
    warnings.check(rows, model.features)
    return (rows, warnings)
  }

  /// The rows that were decoded.
  var matrix: Matrix {
    Matrix(rowCount: rowCount, columnCount: model.features.count, values: values)
  }

  /// Decodes a row or a list of rows, and says whether it was one row by itself.
  mutating func decode(_ json: inout JSONScanner) throws -> Bool {
    switch try json.kind() {
    case .object:
      try decodeNamed(&json, field: "data")
      return true
    case .array:
      return try decodeArray(&json)
    case let kind:
      throw Problem.badRequest(
        "wrong_type", "data must be a row or a list of rows, not a \(kind.rawValue)", field: "data")
    }
  }

  /// The first element tells a row of values from a list of rows.
  private mutating func decodeArray(_ json: inout JSONScanner) throws -> Bool {
    var isSingleRow = false
    var count = 0
    try json.array { index, json in
      count += 1
      let kind = try json.kind()
      if index == 0 { isSingleRow = kind != .array && kind != .object }
      if isSingleRow {
        try decodeNext(&json, at: index, field: "data[\(index)]")
      } else if kind == .object {
        try decodeNamed(&json, field: "data[\(index)]")
      } else {
        try decodePositional(&json, field: "data[\(index)]")
      }
    }
    guard count > 0 else {
      throw Problem.badRequest("empty_data", "data is empty; send at least one row", field: "data")
    }
    if isSingleRow {
      try model.check(columnCount: count)
      rowCount += 1
    }
    return isSingleRow
  }

  /// Decodes one row: a list, an object, or the value of the only feature.
  mutating func decodeRow(_ json: inout JSONScanner, field: @autoclosure () -> String) throws {
    switch try json.kind() {
    case .object: try decodeNamed(&json, field: field())
    case .array: try decodePositional(&json, field: field())
    default:
      try model.check(columnCount: 1, field: field())
      try decodeNext(&json, at: 0, field: field())
      rowCount += 1
    }
  }

  private mutating func decodePositional(
    _ json: inout JSONScanner, field: @autoclosure () -> String
  )
    throws
  {
    guard try json.kind() == .array else {
      throw Problem.badRequest(
        "wrong_type", "a row must be a list or an object, as the rows before it", field: field())
    }
    var count = 0
    try json.array { index, json in
      count += 1
      try decodeNext(&json, at: index, field: "\(field())[\(index)]")
    }
    try model.check(columnCount: count, field: field())
    rowCount += 1
  }

  private mutating func decodeNamed(_ json: inout JSONScanner, field: @autoclosure () -> String)
    throws
  {
    let start = beginRow()
    var seen = Set<Int>()
    try json.object { name, json in
      // SageMaker writes a row as {"features": [values]}.
      if name == "features", model.featurePositions[name] == nil, seen.isEmpty,
        try json.kind() == .array
      {
        try json.array { index, json in
          guard model.features.indices.contains(index) else { return try json.skip() }
          seen.insert(index)
          try decodeValue(&json, at: index, row: start, field: "\(field()).features[\(index)]")
        }
        return try model.check(columnCount: seen.count, field: field())
      }
      let position = try position(of: name, field: field())
      guard seen.insert(position).inserted else {
        throw Problem.badRequest(
          "duplicate_feature", "\(name.jsonQuoted) is given twice", field: "\(field()).\(name)")
      }
      try decodeValue(&json, at: position, row: start, field: "\(field()).\(name)")
    }
    guard !seen.isEmpty else {
      throw Problem.badRequest(
        "empty_data",
        "the row names no feature; \(model.id.name) has "
          + model.features.map(\.name).joined(separator: ", "), field: field())
    }
  }

  /// The column of a feature.
  func position(of name: String, field: @autoclosure () -> String) throws -> Int {
    guard let position = model.featurePositions[name] else {
      throw Problem.badRequest(
        "unknown_feature",
        "unknown feature \(name.prefix(80).description.jsonQuoted); \(model.id.name) has "
          + model.features.map(\.name).joined(separator: ", "), field: field())
    }
    return position
  }

  /// Begins a row in which everything is missing, and says where it starts.
  mutating func beginRow() -> Int {
    let start = values.count
    values += repeatElement(.nan, count: model.features.count)
    rowCount += 1
    return start
  }

  /// Sets a value of the row that starts there.
  mutating func set(_ value: Float, at position: Int, row start: Int) {
    values[start + position] = value
  }

  /// Decodes a value of the row that starts there.
  mutating func decodeValue(
    _ json: inout JSONScanner, at position: Int, row start: Int, field: @autoclosure () -> String
  ) throws {
    let row = start / max(1, model.features.count)
    set(try value(&json, at: position, row: row, field: field()), at: position, row: start)
  }

  private mutating func decodeNext(
    _ json: inout JSONScanner, at index: Int, field: @autoclosure () -> String
  ) throws {
    let value = try value(&json, at: index, row: rowCount, field: field())
    // Values beyond the last feature are counted for the message, not kept.
    if index < model.features.count { values.append(value) }
  }

  private mutating func value(
    _ json: inout JSONScanner, at position: Int, row: Int, field: @autoclosure () -> String
  ) throws -> Float {
    switch try json.kind() {
    case .number:
      let value = Float(try json.number())
      guard value.isFinite else {
        throw Problem.badRequest(
          "out_of_range", "the number is outside the range of float32", field: field())
      }
      return value
    case .null:
      _ = try json.null()
      return .nan
    case .string:
      return try category(try json.string(), at: position, row: row, field: field())
    case let kind:
      throw Problem.badRequest(
        "wrong_type", "expected a number, found \(kind.article); write null for a missing value",
        field: field())
    }
  }

  /// The code of a category; one that training did not see counts as missing, with a warning.
  mutating func category(
    _ text: String, at position: Int, row: Int, field: @autoclosure () -> String
  ) throws -> Float {
    let feature = model.features.indices.contains(position) ? model.features[position] : nil
    guard let feature, let known = codes[position] ?? CategoryCodes(feature) else {
      throw Problem.badRequest(
        "wrong_type", "expected a number, found the text \(text.prefix(40).description.jsonQuoted)",
        field: field())
    }
    codes[position] = known
    if let code = known[text] { return code }
    guard takesUnknownCategories else {
      throw Problem.badRequest(
        "unknown_category",
        "\(feature.name) has no category \(text.prefix(40).description.jsonQuoted)",
        field: field())
    }
    warnings.add(row: row, feature.unknownCategory(text))
    return .nan
  }
}
