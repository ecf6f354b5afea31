import Forest
import Foundation
import Serving
import Testing

/// What can be told of one forest behind preprocessing.
struct PipelineContributionTests {
  private struct Recorded: Decodable {
    let columns: Int
    let rows: [UInt32]
  }

  private static func file(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/pickle/sklearn-1.9.1/\(name)")
  }

  private static func read<Value: Decodable>(_ name: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: file(name)))
  }

  private static func model(_ name: String) throws -> (model: Model, rows: Matrix) {
    let recorded: Recorded = try read("\(name).answers.json")
    let model = try Model(
      id: ModelID(name: "pipeline", version: "1"), file: file("\(name).pkl").path)
    return (
      model,
      Matrix(
        rowCount: recorded.rows.count / recorded.columns, columnCount: recorded.columns,
        values: recorded.rows.map(Float.init(bitPattern:)))
    )
  }

  @Test("Contributions are those of the columns that are made of a feature, added up")
  func contributions() throws {
    struct Values: Decodable { let contributions: [Double] }
    let (model, rows) = try Self.model("pipeline-xgboost")
    let expected: Values = try Self.read("pipeline-xgboost.shap.json")
    #expect(model.shape(of: .contributions) == [model.features.count + 1])
    let values = try #require(
      try model.predict(rows, outputs: [.contributions]).values[.contributions]?.values)
    #expect(values.count == expected.contributions.count)
    for (value, expected) in zip(values, expected.contributions) {
      #expect(abs(Double(value) - expected) < 1e-5)
    }
  }

  @Test("Contributions of a pipeline add up to its margin", arguments: ["pipeline-imputer"])
  func sums(name: String) throws {
    let (model, rows) = try Self.model(name)
    let prediction = try model.predict(rows, outputs: [.contributions, .margin, .leaves])
    let contributions = try #require(prediction.values[.contributions])
    let margins = try #require(prediction.values[.margin])
    for row in 0..<rows.rowCount {
      let sum = contributions[row: row].reduce(0) { $0 + Double($1) }
      #expect(abs(sum - Double(margins[row: row].first ?? .nan)) < 1e-5)
    }
    #expect(prediction.values[.leaves]?.columnCount == model.treeCount)
  }

  @Test(
    "Where a column is made of whole rows, or models are put together, there are none",
    arguments: ["pipeline-normalizer", "voting-hard"])
  func none(name: String) throws {
    let (model, rows) = try Self.model(name)
    #expect(!model.outputs.contains(.contributions))
    let error = #expect(throws: PredictionError.self) {
      try model.predict(rows, outputs: [.contributions])
    }
    #expect(error?.message.contains("has no output \"shap_values\"") == true)
  }
}
