import HTTPTypes
import JSON
import NIOCore

extension InferenceResponse {
  /// The answer over REST: JSON, and after it the bytes of the outputs that are wanted so.
  var v2Answer: RouteAnswer {
    var json = ByteBuffer()
    json.reserveCapacity(
      256 + outputs.reduce(0) { $0 + ($1.wantsBinary == true ? 64 : $1.textSize) })
    var binary = ByteBuffer()
    json.writeString(
      "{\"model_name\":\(modelName.jsonQuoted),\"model_version\":\(modelVersion.jsonQuoted),"
        + "\"id\":\(id.jsonQuoted),")
    if !parameters.isEmpty {
      let members = parameters.map { "\($0.name.jsonQuoted):\($0.value.json)" }
      json.writeString("\"parameters\":{\(members.joined(separator: ","))},")
    }
    json.writeString("\"outputs\":[")
    for (index, output) in outputs.enumerated() {
      if index > 0 { json.writeString(",") }
      json.writeString(
        "{\"name\":\(output.name.jsonQuoted),\"shape\":\(output.shape.json),"
          + "\"datatype\":\"\(output.datatype.rawValue)\",")
      if output.wantsBinary == true {
        let start = binary.readableBytes
        output.writeBytes(to: &binary)
        json.writeString(
          "\"parameters\":{\"binary_data_size\":\(binary.readableBytes - start)}}")
      } else {
        json.writeString("\"data\":[")
        output.writeJSON(to: &json)
        json.writeString("]}")
      }
    }
    json.writeString("]}")
    guard outputs.contains(where: { $0.wantsBinary == true }) else { return RouteAnswer(json) }
    let jsonLength = json.readableBytes
    json.writeBuffer(&binary)
    var answer = RouteAnswer(type: "application/octet-stream", json)
    answer.headers[V2Request.jsonLengthField] = String(jsonLength)
    return answer
  }
}

extension OutputTensor {
  /// A guess of the bytes that the elements take as JSON.
  fileprivate var textSize: Int {
    switch content {
    case .numbers(let values): values.count * 12
    case .texts(let texts): texts.count * 24
    }
  }

  /// Appends the elements, with commas between them.
  fileprivate func writeJSON(to buffer: inout ByteBuffer) {
    switch content {
    case .numbers(let values):
      let isWhole = datatype.integers != nil
      for (index, value) in values.enumerated() {
        if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
        buffer.writeString(
          isWhole ? Int64(exactly: value).map(String.init) ?? "null" : value.jsonNumber)
      }
    case .texts(let texts):
      for (index, text) in texts.enumerated() {
        if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
        buffer.writeString(text.jsonQuoted)
      }
    }
  }
}

extension InferenceParameter {
  var json: String {
    switch self {
    case .bool(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): value.isFinite ? value.description : "null"
    case .text(let value): value.jsonQuoted
    }
  }
}

extension [Int] {
  /// As a JSON array.
  var json: String { "[" + map(String.init).joined(separator: ",") + "]" }
}

extension [String] {
  /// As a JSON array of texts.
  var json: String { "[" + map(\.jsonQuoted).joined(separator: ",") + "]" }
}
