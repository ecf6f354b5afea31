import Forest
import JSON
import Serving

extension RowDecoder {
  /// Decodes a list of rows: each a list, an object by feature name, or, for a model with one
  /// feature, a value.
  mutating func decodeRows(_ json: inout JSONScanner, field: String) throws {
    guard try json.kind() == .array else {
      throw Problem.badRequest("wrong_type", "\(field) must be a list of rows", field: field)
    }
    var count = 0
    try json.array { index, json in
      count += 1
      try decodeRow(&json, field: "\(field)[\(index)]")
    }
    guard count > 0 else {
      throw Problem.badRequest(
        "empty_data", "\(field) is empty; send at least one row", field: field)
    }
  }

  /// Decodes a table: the names of its columns, and rows of values in that order.
  mutating func decodeTable(
    columns: [String], _ json: inout JSONScanner, field: String
  ) throws {
    let positions = try columns.map { try position(of: $0, field: field) }
    guard Set(positions).count == positions.count else {
      throw Problem.badRequest("duplicate_feature", "a column is given twice", field: field)
    }
    var count = 0
    try json.array { row, json in
      count += 1
      let start = beginRow()
      var width = 0
      try json.array { column, json in
        width += 1
        guard column < positions.count else { return try json.skip() }
        try decodeValue(
          &json, at: positions[column], row: start, field: "\(field).data[\(row)][\(column)]")
      }
      guard width == positions.count else {
        throw Problem.badRequest(
          "invalid_request", "the row has \(width) values for \(positions.count) columns",
          field: "\(field).data[\(row)]")
      }
    }
    guard count > 0 else {
      throw Problem.badRequest("empty_data", "there are no rows", field: field)
    }
  }

  /// Decodes an object of columns: each a list with one value a row, or a value for the only row.
  mutating func decodeColumns(_ json: inout JSONScanner, field: String) throws {
    var seen = Set<Int>()
    var rowCount: Int?
    try json.object { name, json in
      let position = try position(of: name, field: field)
      guard seen.insert(position).inserted else {
        throw Problem.badRequest(
          "duplicate_feature", "\(name.jsonQuoted) is given twice", field: "\(field).\(name)")
      }
      var count = 0
      func decode(_ decoder: inout RowDecoder, _ json: inout JSONScanner) throws {
        if rowCount == nil { _ = decoder.beginRow() }
        guard count < decoder.rowCount else {
          throw Problem.badRequest(
            "invalid_request", "the column has more values than the one before it",
            field: "\(field).\(name)")
        }
        try decoder.decodeValue(
          &json, at: position, row: count * decoder.model.features.count,
          field: "\(field).\(name)[\(count)]")
        count += 1
      }
      if try json.kind() == .array {
        try json.array { _, json in
          // A column of columns, as MLflow writes tensors: [[1],[2]].
          if try json.kind() == .array {
            try json.array { _, json in try decode(&self, &json) }
          } else {
            try decode(&self, &json)
          }
        }
      } else {
        try decode(&self, &json)
      }
      if let rowCount, rowCount != count {
        throw Problem.badRequest(
          "invalid_request", "the column has \(count) values, the one before it \(rowCount)",
          field: "\(field).\(name)")
      }
      rowCount = count
    }
    guard rowCount ?? 0 > 0 else {
      throw Problem.badRequest("empty_data", "there are no rows", field: field)
    }
  }

  /// Decodes one row of texts: CSV without a header, or with the columns that it names.
  mutating func decodeTexts(_ texts: [String], positions: [Int], line: Int) throws {
    guard texts.count == positions.count else {
      throw Problem.badRequest(
        "invalid_request",
        "line \(line) has \(texts.count) values, but there are \(positions.count) columns",
        field: "line \(line)")
    }
    let start = beginRow()
    for (position, text) in zip(positions, texts) {
      let trimmed = text.drop { $0 == " " }
      if trimmed.isEmpty || trimmed == "NaN" || trimmed == "nan" { continue }
      if let number = Float(trimmed), !model.features[position].takesTexts {
        guard number.isFinite else {
          throw Problem.badRequest(
            "out_of_range", "line \(line): the number is outside the range of float32",
            field: "line \(line)")
        }
        set(number, at: position, row: start)
      } else {
        set(
          try category(text, at: position, row: rowCount - 1, field: "line \(line)"),
          at: position, row: start)
      }
    }
  }
}
