import Forest
import HTTPTypes
import JSON
import NIOCore
import Serving

/// The rows in a body of KServe V1, MLflow, SageMaker or Vertex AI.
struct RowsBody {
  /// What a protocol's bodies may hold beside `instances`.
  enum Dialect: Sendable {
    /// `inputs` as rows, and `parameters`.
    case v1
    /// `inputs` as rows or columns, `dataframe_split`, `dataframe_records`, `params`; or rows by
    /// themselves.
    case invocations
    /// `parameters`.
    case vertex
  }

  private(set) var decoder: RowDecoder
  /// The output that the body asks for.
  private(set) var output: String?
  private let dialect: Dialect
  private var hasRows = false
  /// Whether the first line of CSV names columns.
  private(set) var hasHeader = false

  /// Decodes JSON.
  ///
  /// - Throws: ``Problem`` that names the field, or `JSONError`.
  init(json body: ByteBuffer, for model: Model, _ dialect: Dialect) throws {
    decoder = RowDecoder(model: model)
    self.dialect = dialect
    try body.withUnsafeReadableBytes { bytes in
      // Safe: the scanner stays within this closure.
      let text = bytes.bindMemory(to: UInt8.self)
      try JSONScanner.read(text) { json in
        if dialect == .invocations, try json.kind() == .array {
          hasRows = true
          return try decoder.decodeRows(&json, field: "body")
        }
        guard try json.kind() == .object else {
          throw Problem.badRequest("invalid_body", "the body must be an object with instances")
        }
        try json.object { key, json in try read(key, &json, of: text) }
      }
    }
    guard hasRows else {
      throw Problem.badRequest(
        "missing_field", "the body has no rows; send {\"instances\": [row, …]}", field: "instances")
    }
  }

  private mutating func read(
    _ key: String, _ json: inout JSONScanner, of text: UnsafeBufferPointer<UInt8>
  ) throws {
    switch (key, dialect) {
    case ("instances", _), ("inputs", .v1), ("dataframe_records", .invocations):
      try begin(key)
      try decoder.decodeRows(&json, field: key)
    case ("inputs", .invocations):
      try begin(key)
      if try json.kind() == .object {
        try decoder.decodeColumns(&json, field: key)
      } else {
        try decoder.decodeRows(&json, field: key)
      }
    case ("dataframe_split", .invocations):
      try begin(key)
      try readTable(&json, of: text)
    case ("parameters", .v1), ("parameters", .vertex), ("params", .invocations):
      if try json.null() { return }
      try json.object { key, json in
        if key == "output", try json.kind() == .string {
          output = try json.string()
        } else {
          try json.skip()
        }
      }
    default: try json.skip()
    }
  }

  private mutating func begin(_ key: String) throws {
    guard !hasRows else {
      throw Problem.badRequest("invalid_body", "the body has rows twice", field: key)
    }
    hasRows = true
  }

  /// Reads the columns first, wherever they stand.
  private mutating func readTable(
    _ json: inout JSONScanner, of text: UnsafeBufferPointer<UInt8>
  ) throws {
    var columns: [String]?
    var data: Range<Int>?
    try json.object { key, json in
      switch key {
      case "columns":
        var names: [String] = []
        try json.array { _, json in names.append(try json.string()) }
        columns = names
      case "data":
        let start = json.offset
        try json.skip()
        data = start..<json.offset
      default: try json.skip()
      }
    }
    guard let data else {
      throw Problem.badRequest(
        "missing_field", "dataframe_split has no data", field: "dataframe_split.data")
    }
    try JSONScanner.read(UnsafeBufferPointer(rebasing: text[data])) { json in
      if let columns {
        try decoder.decodeTable(columns: columns, &json, field: "dataframe_split")
      } else {
        try decoder.decodeRows(&json, field: "dataframe_split.data")
      }
    }
  }
}

extension RowsBody {
  /// Decodes CSV, and says whether its first line names columns: it does when all of its values are
  /// names of features.
  ///
  /// - Throws: ``Problem`` that names the line.
  init(csv body: ByteBuffer, for model: Model) throws {
    decoder = RowDecoder(model: model)
    dialect = .invocations
    var positions = Array(model.features.indices)
    var lineCount = 0
    try CSVLines.read(body) { values, line in
      if lineCount == 0 {
        let named = values.map { model.featurePositions[$0] }
        if named.allSatisfy({ $0 != nil }) {
          positions = named.compactMap { $0 }
          hasHeader = true
          guard Set(positions).count == positions.count else {
            throw Problem.badRequest(
              "duplicate_feature", "a column is given twice", field: "line 1")
          }
        }
      }
      lineCount += 1
      if lineCount == 1, hasHeader { return }
      try decoder.decodeTexts(values, positions: positions, line: line)
    }
    guard decoder.rowCount > 0 else {
      throw Problem.badRequest("empty_data", "there are no rows", field: "body")
    }
  }
}
