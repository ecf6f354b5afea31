import Foundation
import TestSupport
import Testing

/// Categories are sent as texts, whatever library the model is of.
struct TextCategoryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let fixture: String
    let ending: String
    let output: String
    var testDescription: String { fixture }
  }

  /// Rows as bits, and the texts of a column by its number, or codes and the texts of each.
  private struct Recorded: Decodable {
    let columns: Int
    let rows: [UInt32]
    let texts: [String: [String]]?
    let categories: [[String]?]?
    let predictions: [Double]?
    let probabilities: [Double]?
    /// Of two classes that of the second.
    let values: [Double]?

    /// The rows that JSON can say: it has no infinity.
    var indices: [Int] {
      (0..<rows.count / columns).filter { row in
        !rows[row * columns..<(row + 1) * columns].contains {
          Float(bitPattern: $0).isInfinite
        }
      }
    }

    /// Those rows as JSON.
    var json: [String] {
      indices.map { row in
        let start = row * columns
        let cells = (0..<columns).map { column in
          let value = Float(bitPattern: rows[start + column])
          if let text = texts?["\(column)"]?[start / columns] { return "\"\(text)\"" }
          guard value.isFinite else { return "null" }
          if let names = categories?[column] { return "\"\(names[Int(value)])\"" }
          return "\(value)"
        }
        return "[\(cells.joined(separator: ","))]"
      }
    }
  }

  @Test(
    "Texts over HTTP give the library's own answers",
    arguments: [
      Case(fixture: "catboost/1.2.10/one-hot-text", ending: "cbm", output: "predict"),
      Case(
        fixture: "onnx/skl2onnx-1.20.0/column-transformer", ending: "onnx",
        output: "predict_proba"),
      Case(
        fixture: "pickle/sklearn-1.9.1/pipeline-columns", ending: "pkl", output: "predict_proba"),
    ])
  func texts(example: Case) async throws {
    let path = IrisRepository.fixture("../\(example.fixture)").path
    let answers = path + (example.ending == "pkl" ? ".answers.json" : ".expected.json")
    let recorded = try JSONDecoder().decode(
      Recorded.self, from: Data(contentsOf: URL(filePath: answers)))
    try await withTemporaryFolder { folder in
      let version = folder.appending(path: "models/texts/1")
      try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: URL(filePath: "\(path).\(example.ending)"),
        to: version.appending(path: "model.\(example.ending)"))
      try await withCoppiceServer([folder.appending(path: "models").path]) { server in
        let reply = try await server.post(
          "/v1/models/texts:predict",
          "{\"instances\":[\(recorded.json.joined(separator: ","))],"
            + "\"parameters\":{\"output\":\"\(example.output)\"}}")
        #expect(reply.status == 200, "\(reply.text)")
        let body = try #require(
          try JSONSerialization.jsonObject(with: reply.body) as? [String: Any])
        var found = (body["predictions"] as? [Double]) ?? []
        for row in (body["predictions"] as? [[Double]]) ?? [] {
          found += recorded.values == nil ? row : [row[1]]
        }
        let values = recorded.predictions ?? recorded.probabilities ?? recorded.values ?? []
        let width = values.count / (recorded.rows.count / recorded.columns)
        let expected = recorded.indices.flatMap { values[$0 * width..<($0 + 1) * width] }
        #expect(found.count == expected.count && !expected.isEmpty)
        for (found, expected) in zip(found, expected) {
          #expect(abs(found - expected) <= 1e-6 * max(1, expected.magnitude))
        }
      }
    }
  }
}
