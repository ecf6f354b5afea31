import Foundation
import TestSupport
import Testing

@Suite("A batch")
struct BatchTests {
  /// A model of each kind, and whether it takes missing values.
  struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    let file: String
    let takesMissing: Bool
    var testDescription: String { name }
  }

  static let models = [
    Kind(name: "softprob", file: "xgboost/3.4.1/iris-softprob.json", takesMissing: true),
    Kind(name: "softmax", file: "xgboost/3.4.1/multi-softmax.json", takesMissing: true),
    Kind(name: "logistic", file: "xgboost/3.4.1/binary-logistic-missing.json", takesMissing: true),
    Kind(
      name: "classifier", file: "xgboost/3.4.1/early-stopping-classifier.json", takesMissing: true),
    Kind(name: "categories", file: "xgboost/3.4.1/categorical-partition.json", takesMissing: true),
    Kind(name: "poisson", file: "xgboost/1.7.6/count-poisson.json", takesMissing: true),
    Kind(name: "targets", file: "xgboost/3.4.1/multiple-targets.json", takesMissing: true),
    Kind(name: "rank", file: "xgboost/3.4.1/rank-ndcg.json", takesMissing: true),
    Kind(name: "lightgbm", file: "lightgbm/4.7.0/binary.txt", takesMissing: true),
    Kind(name: "forest", file: "pickle/sklearn-1.9.1/forest-binary.pkl", takesMissing: false),
  ]

  @Test(
    "gets the answers that its rows get one by one, by every protocol and output",
    arguments: models)
  func oneByOne(model: Kind) async throws {
    try await withTemporaryFolder { folder in
      let root = folder.appending(path: "models")
      let version = root.appending(path: "\(model.name)/1")
      try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
      let file = IrisRepository.fixture("../\(model.file)").standardized
      try FileManager.default.copyItem(
        at: file, to: version.appending(path: "model.\(file.pathExtension)"))
      try await withCoppiceServer(
        [root.path, "--strict"], environment: ["AIP_PREDICT_ROUTE": "/vertex"]
      ) { server in
        try await compare(server, model.name, model.takesMissing)
      }
    }
  }

  private func compare(
    _ server: CoppiceServer, _ name: String, _ takesMissing: Bool
  ) async throws {
    let metadata = try await server.get("/v2/models/\(name)").json
    let outputs = (metadata["outputs"] as? [[String: any Sendable]] ?? [])
      .compactMap { $0["name"] as? String }
    let input = (metadata["inputs"] as? [[String: any Sendable]])?.first?["shape"] as? [Int]
    let width = try #require(input?.last)
    #expect(outputs.contains("predict") && outputs.contains("margin"))
    // Rows that are seldom alike, and some values that are missing.
    let rows = (0..<7).map { row in
      (0..<width).map { column -> String in
        let value = (row * 31 + column * 17 + row * column * 7) % 23
        return takesMissing && value == 5 ? "null" : "\(Float(value) / 3)"
      }
    }
    let protocols =
      outputs.map { output in
        { (rows: [[String]]) in try await v2(server, name, output, rows) }
      }
      + outputs.flatMap { output in
        ["/invocations?output=\(output)", "/v1/models/\(name):predict", "/vertex"].map { path in
          { (rows: [[String]]) in
            let list = rows.map { "[\($0.joined(separator: ","))]" }.joined(separator: ",")
            let reply = try await server.post(
              path, "{\"instances\":[\(list)],\"parameters\":{\"output\":\"\(output)\"}}")
            return (reply.json["predictions"] as? [any Sendable] ?? []).map { "\($0)" }
          }
        }
      }
      + outputs.map { output in
        { (rows: [[String]]) in
          let lines = rows.map { $0.map { $0 == "null" ? "" : $0 }.joined(separator: ",") }
          let reply = try await server.request(
            "POST", "/invocations?output=\(output)",
            body: Data(lines.joined(separator: "\n").utf8), headers: ["Content-Type": "text/csv"])
          return reply.text.split(separator: "\n").map { String($0) }
        }
      } + [
        { rows in
          let list = rows.map { "[\($0.joined(separator: ","))]" }.joined(separator: ",")
          let reply = try await server.post("/api/predict?model=\(name)", "{\"data\":[\(list)]}")
          let answers = try JSONDecoder().decode([Answer].self, from: reply.body)
          return answers.map { "\($0)" }
        }
      ]
    for ask in protocols {
      let batch = try await ask(rows)
      var single: [String] = []
      for row in rows { single += try await ask([row]) }
      #expect(batch == single, "\(name)")
      #expect(batch.count == rows.count)
    }
  }

  struct Answer: Decodable {
    let name: String?
    let prediction: Prediction

    enum Prediction: Decodable {
      case one(Double)
      case several([Double])

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self =
          if let one = try? container.decode(Double.self) { .one(one) } else {
            .several(try container.decode([Double].self))
          }
      }
    }
  }

  /// The values of each row, as text.
  private func v2(
    _ server: CoppiceServer, _ name: String, _ output: String, _ rows: [[String]]
  ) async throws -> [String] {
    let data = rows.flatMap { $0 }.joined(separator: ",")
    let reply = try await server.post(
      "/v2/models/\(name)/infer",
      "{\"inputs\":[{\"name\":\"input\",\"shape\":[\(rows.count),\(rows[0].count)],"
        + "\"datatype\":\"FP32\",\"data\":[\(data)]}],\"outputs\":[{\"name\":\"\(output)\"}]}")
    let values = InferenceTests.outputs(reply)[output]?["data"] as? [any Sendable] ?? []
    guard !values.isEmpty, values.count % rows.count == 0 else { return ["\(reply.text)"] }
    let width = values.count / rows.count
    return rows.indices.map { "\(values[$0 * width..<($0 + 1) * width].map { "\($0)" })" }
  }
}
