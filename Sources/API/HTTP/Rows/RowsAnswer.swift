import Forest
import HTTPTypes
import JSON
import NIOCore
import Serving

/// An answer of KServe V1, MLflow, SageMaker or Vertex AI: `{"predictions": [one a row]}`.
struct RowsAnswer {
  let model: Model
  let output: Output
  let warnings: RowWarnings

  /// A number, text or list a row; lists nest as the output's dimensions do.
  func json(_ prediction: Prediction) throws -> ByteBuffer {
    var buffer = ByteBuffer(string: "{\"predictions\":[")
    try writeRows(prediction, to: &buffer) { $0.writeString(",") }
    buffer.writeString("]\(warningMember)}")
    return buffer
  }

  /// A line a row, values with commas between them, no header. Warnings stand in the header fields
  /// `X-Warning-Count` and, the first of them, `X-Warnings` (a list, as JSON in ASCII).
  func csv(_ prediction: Prediction) throws -> RouteAnswer {
    var answer = RouteAnswer(type: "text/csv", try table(prediction))
    guard warnings.count > 0 else { return answer }
    answer.headers[.warningCount] = String(warnings.count)
    var size = 0
    let first = warnings.told.prefix { warning in
      size += warning.text.utf16.count * 6 + 32
      return size <= Self.longestHeader
    }
    answer.headers[.warnings] = first.map(\.line).json.asciiJSON
    return answer
  }

  /// Proxies refuse header fields that are much longer.
  private static let longestHeader = 4096

  private func table(_ prediction: Prediction) throws -> ByteBuffer {
    let values = try values(prediction)
    var buffer = ByteBuffer()
    for row in 0..<values.rowCount {
      let texts = values[row: row].map { value in
        let text = text(value)
        return output == .label ? text.csvQuoted : text
      }
      buffer.writeString(texts.joined(separator: ",") + "\n")
    }
    return buffer
  }

  /// Explanations beside the predictions: for each row and margin what each feature adds.
  func explanations(_ prediction: Prediction) throws -> ByteBuffer {
    let explanation = RowExplanation(model: model)
    var buffer = ByteBuffer(string: "{\"predictions\":[")
    try writeRows(prediction, to: &buffer) { $0.writeString(",") }
    buffer.writeString("],\"explanations\":[")
    let contributions = prediction.values[.contributions]
    for row in 0..<(contributions?.rowCount ?? 0) {
      if row > 0 { buffer.writeString(",") }
      let values = contributions.map { $0[row: row] } ?? []
      let margins = (0..<model.outputCount).map { explanation.json(values, margin: $0) }
      buffer.writeString(
        model.outputCount == 1 ? margins[0] : "[" + margins.joined(separator: ",") + "]")
    }
    buffer.writeString("]\(warningMember)}")
    return buffer
  }

  private var warningMember: String {
    guard warnings.count > 0 else { return "" }
    return ",\"warnings\":" + warnings.told.map(\.line).json
  }

  private func values(_ prediction: Prediction) throws -> Matrix {
    guard let values = prediction.values[output],
      values.columnCount == model.shape(of: output).reduce(1, *)
    else { throw PredictionError(.internal, "the predictor left out \(output.rawValue)") }
    return values
  }

  private func writeRows(
    _ prediction: Prediction, to buffer: inout ByteBuffer, separate: (inout ByteBuffer) -> Void
  ) throws {
    let values = try values(prediction)
    let shape = model.shape(of: output)
    for row in 0..<values.rowCount {
      if row > 0 { separate(&buffer) }
      write(values[row: row], shape[...], to: &buffer)
    }
  }

  private func write(
    _ values: ArraySlice<Float>, _ shape: ArraySlice<Int>, to buffer: inout ByteBuffer
  ) {
    guard let size = shape.first, size > 0 else {
      let value = text(values.first ?? .nan)
      buffer.writeString(output == .label ? value.jsonQuoted : value)
      return
    }
    let width = values.count / size
    buffer.writeString("[")
    for index in 0..<size {
      if index > 0 { buffer.writeString(",") }
      let start = values.startIndex + index * width
      write(values[start..<start + width], shape.dropFirst(), to: &buffer)
    }
    buffer.writeString("]")
  }

  private func text(_ value: Float) -> String {
    if output == .label { return model.label(value) ?? "" }
    if output.datatype(of: model).integers != nil, let whole = Int64(exactly: value) {
      return String(whole)
    }
    return value.jsonNumber
  }
}

/// Why a row got its prediction, by the names of the features.
struct RowExplanation {
  let model: Model

  /// The contributions to one margin: what is expected, and what each feature adds to it.
  func json(_ values: ArraySlice<Float>, margin: Int) -> String {
    let (group, expected) = part(values, margin)
    let members = zip(model.features, group).map { "\($0.name.jsonQuoted):\($1.jsonNumber)" }
    return "{\"expected\":\(expected.jsonNumber),"
      + "\"contributions\":{\(members.joined(separator: ","))}}"
  }

  /// The features that moved a margin most, in either direction.
  func reasons(_ values: ArraySlice<Float>, margin: Int, count: Int) -> String {
    let reasons = part(values, margin).group.largest(count, byMagnitude: true).map {
      "{\"feature\":\(model.features[$0.index].name.jsonQuoted),"
        + "\"contribution\":\($0.value.jsonNumber)}"
    }
    return "[\(reasons.joined(separator: ","))]"
  }

  private func part(
    _ values: ArraySlice<Float>, _ margin: Int
  ) -> (group: ArraySlice<Float>, expected: Float) {
    let width = model.features.count + 1
    let start = values.startIndex + margin * width
    guard margin >= 0, start + width <= values.endIndex else { return ([], .nan) }
    return (values[start..<start + width - 1], values[start + width - 1])
  }
}

extension Model {
  /// The name of the class with this number.
  func label(_ number: Float) -> String? {
    guard let labels, let index = Int(exactly: number), labels.indices.contains(index) else {
      return nil
    }
    return labels[index]
  }
}

extension String {
  /// JSON text with `\u` escapes for all that is not ASCII.
  fileprivate var asciiJSON: String {
    guard !utf8.allSatisfy({ $0 < 0x7F }) else { return self }
    return utf16.reduce(into: "") { text, unit in
      if unit < 0x7F {
        text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      } else {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }
    }
  }

  fileprivate var csvQuoted: String {
    utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n")].contains($0) }
      ? "\"" + replacing("\"", with: "\"\"") + "\"" : self
  }
}

extension HTTPField.Name {
  static let warningCount = Self("X-Warning-Count")!
  static let warnings = Self("X-Warnings")!
}
