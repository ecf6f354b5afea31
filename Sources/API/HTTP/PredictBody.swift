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
  /// What is odd about them.
  let warnings: RowWarnings
  /// Whether `data` was one row by itself, so that the answer is one object.
  let isSingleRow: Bool
  /// Whether the body asks for probabilities; nil when it does not say.
  let wantsProbabilities: Bool?
  /// How many features the body asks for that moved the prediction most.
  let reasonCount: Int?

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
    var reasonCount: Int?
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
          case "top_k" where reasonCount == nil: reasonCount = try Self.count(&json, field: key)
          case "data", "probabilities", "top_k":
            throw Problem.badRequest("invalid_body", "\(key) is given twice", field: key)
          default:
            throw Problem.badRequest(
              "unknown_field",
              "unknown field \(key.prefix(80).description.jsonQuoted); "
                + "a body has data, probabilities and top_k",
              field: String(key.prefix(80)))
          }
        }
      }
    }
    guard let isSingleRow else {
      throw Problem.badRequest(
        "missing_field", "the field data is missing: {\"data\": [\(Self.example(for: model))]}",
        field: "data")
    }
    (rows, warnings) = decoder.result
    self.isSingleRow = isSingleRow
    self.wantsProbabilities = wantsProbabilities
    self.reasonCount = reasonCount
  }

  private static func bool(_ json: inout JSONScanner, field: String) throws -> Bool {
    guard try json.kind() == .bool else {
      throw Problem.badRequest("wrong_type", "\(field) must be true or false", field: field)
    }
    return try json.bool()
  }

  private static func count(_ json: inout JSONScanner, field: String) throws -> Int {
    guard try json.kind() == .number, case let number = try json.number(),
      let count = Int(exactly: number), 0...(1 << 20) ~= count
    else {
      throw Problem.badRequest(
        "wrong_type", "\(field) must be a whole number from 0 on", field: field)
    }
    return count
  }

  private static func example(for model: Model) -> String {
    model.features.prefix(6).map(\.name).joined(separator: ", ")
      + (model.features.count > 6 ? ", …" : "")
  }
}
