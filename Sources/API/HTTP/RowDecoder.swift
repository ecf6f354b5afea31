import Forest
import JSON
import Serving

/// Decodes rows of JSON straight into one row-major array of float32.
struct RowDecoder {
  private let model: Model
  private let positions: [String: Int]
  private var values: [Float] = []
  private var rowCount = 0

  /// A decoder for rows of this model.
  init(model: Model) {
    self.model = model
    self.positions = model.featurePositions
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
        try decodeValue(&json, at: index, field: "data[\(index)]")
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
      try decodeValue(&json, at: index, field: "\(field())[\(index)]")
    }
    try model.check(columnCount: count, field: field())
    rowCount += 1
  }

  private mutating func decodeNamed(_ json: inout JSONScanner, field: @autoclosure () -> String)
    throws
  {
    let start = values.count
    var seen = Set<Int>()
    values += repeatElement(.nan, count: model.features.count)
    try json.object { name, json in
      guard let position = positions[name] else {
        throw Problem.badRequest(
          "unknown_feature",
          "unknown feature \(name.jsonQuoted); \(model.id.name) has "
            + model.features.map(\.name).joined(separator: ", "), field: field())
      }
      guard seen.insert(position).inserted else {
        throw Problem.badRequest(
          "duplicate_feature", "\(name.jsonQuoted) is given twice", field: "\(field()).\(name)")
      }
      values[start + position] = try value(&json, at: position, field: "\(field()).\(name)")
    }
    guard !seen.isEmpty else {
      throw Problem.badRequest(
        "empty_data",
        "the row names no feature; \(model.id.name) has "
          + model.features.map(\.name).joined(separator: ", "), field: field())
    }
    rowCount += 1
  }

  private mutating func decodeValue(
    _ json: inout JSONScanner, at index: Int, field: @autoclosure () -> String
  ) throws {
    let value = try value(&json, at: index, field: field())
    // Values beyond the last feature are counted for the message, not kept.
    if index < model.features.count { values.append(value) }
  }

  private func value(
    _ json: inout JSONScanner, at position: Int, field: @autoclosure () -> String
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
      return try category(try json.string(), at: position, field: field())
    case let kind:
      throw Problem.badRequest(
        "wrong_type", "expected a number, found \(kind.article); write null for a missing value",
        field: field())
    }
  }

  private func category(_ text: String, at position: Int, field: @autoclosure () -> String) throws
    -> Float
  {
    let feature =
      model.features.indices.contains(position) ? model.features[position] : nil
    if let code = feature?.code(ofCategory: text) { return Float(code) }
    guard let feature, let categories = feature.categories else {
      throw Problem.badRequest(
        "wrong_type", "expected a number, found the text \(text.prefix(40).description.jsonQuoted)",
        field: field())
    }
    throw Problem.badRequest(
      "unknown_category",
      "\(feature.name) has no category \(text.prefix(40).description.jsonQuoted); it has "
        + categories.prefix(20).joined(separator: ", ") + (categories.count > 20 ? ", …" : ""),
      field: field())
  }
}
