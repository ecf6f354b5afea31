import Forest
import Foundation
import Testing

@testable import ModelFormats

/// SHAP values that LightGBM itself and the library shap (scikit-learn) recorded.
struct LibraryContributionTests {
  /// A fixture and the model files of it.
  struct Recorded: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    private func data(_ ending: String) throws -> Data {
      try Data(contentsOf: Fixture.folder.appending(path: "\(name).\(ending)"))
    }

    func rows() throws -> Matrix {
      struct Rows: Decodable {
        let columns: Int
        let rows: [UInt32]
      }
      let isPickle = name.hasPrefix("pickle/")
      let rows = try JSONDecoder().decode(
        Rows.self, from: data(isPickle ? "answers.json" : "expected.json"))
      return Matrix(
        rowCount: rows.rows.count / rows.columns, columnCount: rows.columns,
        values: rows.rows.map(Float.init(bitPattern:)))
    }

    func contributions() throws -> [Double] {
      struct Values: Decodable { let contributions: [Double] }
      return try JSONDecoder().decode(Values.self, from: data("shap.json")).contributions
    }

    /// The model in each of the formats that there are.
    func models() throws -> [TreeModel] {
      try ["pkl", "txt", "dump.json"].map { Fixture.folder.appending(path: "\(name).\($0)").path }
        .filter { FileManager.default.fileExists(atPath: $0) }.map(TreeModel.read(contentsOf:))
    }
  }

  static let all = Fixture.files(endingIn: ".shap.json").map {
    Recorded(name: String($0.dropLast(".shap.json".count)))
  }.filter { !$0.name.contains("pipeline") }

  @Test("The fixtures are there")
  func fixturesExist() {
    #expect(Self.all.contains { $0.name == "lightgbm/4.7.0/categorical" })
    #expect(Self.all.contains { $0.name == "pickle/sklearn-1.9.1/forest" })
  }

  @Test("Contributions equal the library's", arguments: all)
  func contributions(recorded: Recorded) throws {
    let rows = try recorded.rows()
    for model in try recorded.models() {
      var expected = try recorded.contributions()
      let forest = try model.soleForest()
      if forest.summation == .mean, model.library == "lightgbm" {
        // LightGBM's are those of the sum.
        expected = expected.map { $0 / Double(forest.trees.count) }
      }
      let explainers: [any Explainer] = [
        try ReferenceExplainer(forest), try TreeExplainer(forest),
      ]
      for explainer in explainers {
        expect(explainer.contributions(rows), expected, group: rows.columnCount + 1)
      }
    }
  }

  /// Expects each value within 1e-5 of the largest in its group, which is one row and output.
  private func expect(_ values: [Float], _ expected: [Double], group: Int) {
    #expect(values.count == expected.count)
    for start in stride(from: 0, to: min(values.count, expected.count), by: group) {
      let bound = 1e-5 * (expected[start..<start + group].map(abs).max() ?? 0)
      for index in start..<start + group
      where !(abs(Double(values[index]) - expected[index]) <= bound) {
        Issue.record("\(values[index]) at \(index) instead of \(expected[index])")
        return
      }
    }
  }

  @Test(
    "LightGBM's gains are the importance that its booster tells",
    arguments: ["lightgbm/4.7.0/binary.txt", "lightgbm/4.7.0/binary.dump.json"])
  func gains(path: String) throws {
    let model = try TreeModel.read(contentsOf: Fixture.folder.appending(path: path).path)
    let text = try String(
      contentsOf: Fixture.folder.appending(path: "lightgbm/4.7.0/binary.txt"), encoding: .utf8)
    var expected = [Double](repeating: 0, count: model.features.count)
    var features: [Int] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: "=").last?.split(separator: " ") ?? []
      if line.hasPrefix("split_feature=") { features = words.compactMap { Int($0) } }
      guard line.hasPrefix("split_gain=") else { continue }
      for (feature, gain) in zip(features, words) { expected[feature] += Double(gain) ?? 0 }
    }
    let gains = try #require(model.featureGains)
    #expect(expected.contains { $0 > 0 })
    for (feature, gain) in gains.enumerated() {
      #expect(abs(gain - expected[feature]) <= 1e-4 * expected[feature])
    }
  }
}
