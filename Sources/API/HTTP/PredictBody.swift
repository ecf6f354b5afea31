import Forest
import JSON
import NIOCore
import Serving

/// The body of `POST /api/predict`, decoded for one model.
///
/// `data` is a row or a list of rows. A row is a list of one value a feature, in order, or an object
/// with values by feature name. A value is a number, null where it is missing, or, for a feature
/// with categories, the category's text. Features that an object leaves out are missing.
struct PredictBody {
  /// The rows.
  let rows: Matrix
  /// Whether `data` was one row by itself, so that the answer is one object.
  let isSingleRow: Bool
  /// Whether the body asks for probabilities; nil when it does not say.
  let wantsProbabilities: Bool?

  /// Decodes a body.
  ///
  /// - Throws: ``Problem`` that names the field, or `JSONError`.
  init(_ body: ByteBuffer, for model: Model) throws {
    guard body.readableBytes > 0 else {
      throw Problem.badRequest(
        "empty_body", "the body is empty; send {\"data\": [\(Self.example(for: model))]}",
        field: "data")
    }
    var decoder = RowDecoder(model: model)
    var isSingleRow: Bool?
    var wantsProbabilities: Bool?
    try body.withUnsafeReadableBytes { bytes in
      // Safe: the scanner stays within this closure.
      try JSONScanner.read(bytes.bindMemory(to: UInt8.self)) { json in
        guard try json.kind() == .object else {
          throw Problem.badRequest(
            "invalid_body", "the body must be an object: {\"data\": [\(Self.example(for: model))]}")
        }
        try json.object { key, json in
          switch key {
          case "data" where isSingleRow == nil: isSingleRow = try decoder.decode(&json)
          case "probabilities" where wantsProbabilities == nil:
            wantsProbabilities = try Self.bool(&json, field: key)
          case "data", "probabilities":
            throw Problem.badRequest("invalid_body", "\(key) is given twice", field: key)
          default:
            throw Problem.badRequest(
              "unknown_field", "unknown field \(key.jsonQuoted); a body has data and probabilities",
              field: key)
          }
        }
      }
    }
    guard let isSingleRow else {
      throw Problem.badRequest(
        "missing_field", "the field data is missing: {\"data\": [\(Self.example(for: model))]}",
        field: "data")
    }
    self.rows = decoder.matrix
    self.isSingleRow = isSingleRow
    self.wantsProbabilities = wantsProbabilities
  }

  private static func bool(_ json: inout JSONScanner, field: String) throws -> Bool {
    guard try json.kind() == .bool else {
      throw Problem.badRequest("wrong_type", "\(field) must be true or false", field: field)
    }
    return try json.bool()
  }

  private static func example(for model: Model) -> String {
    model.features.prefix(6).map(\.name).joined(separator: ", ")
      + (model.features.count > 6 ? ", …" : "")
  }
}
