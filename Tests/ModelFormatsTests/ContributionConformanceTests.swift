import Forest
import Foundation
import Testing

@testable import ModelFormats

/// Every fixture with recorded contributions, through both explainers.
struct ContributionConformanceTests {
  static let all = Fixture.files(endingIn: ".contributions.json").map {
    Fixture(name: String($0.dropLast(".contributions.json".count)))
  }

  @Test("The fixtures are there")
  func fixturesExist() {
    for version in ["1.7.6", "3.4.1"] {
      #expect(Self.all.contains { $0.name == "xgboost/\(version)/deep-trees" })
    }
  }

  @Test("Contributions and interactions equal the library's", arguments: all)
  func answers(fixture: Fixture) throws {
    let expected = try Recorded(fixture)
    let forest = try fixture.model("json").soleForest()
    let size = expected.columns + 1
    let explainers: [any Explainer] = [
      try ReferenceExplainer(forest), try TreeExplainer(forest),
      try TreeExplainer(forest, memoryLimit: 0),
    ]
    for explainer in explainers {
      let name = "\(type(of: explainer))"
      expect(explainer.contributions(expected.matrix), expected.contributions, group: size, name)
      expect(
        explainer.interactions(expected.matrix), expected.interactions, group: size * size, name)
    }
  }

  /// Expects each value within 1e-5 of the largest in its group, which is one row and output.
  ///
  /// Values near zero are differences of larger ones, in the library too.
  private func expect(_ values: [Float], _ bits: [UInt32], group: Int, _ name: String) {
    let expected = bits.map(Float.init(bitPattern:))
    #expect(values.count == expected.count, "\(name)")
    guard values.count == expected.count else { return }
    for start in stride(from: 0, to: values.count, by: group) {
      let range = start..<start + group
      let bound = 1e-5 * expected[range].map(abs).max()!
      for index in range where !(abs(values[index] - expected[index]) <= bound) {
        Issue.record("\(name): \(values[index]) at \(index) instead of \(expected[index])")
        return
      }
    }
  }

  private struct Recorded: Decodable {
    let columns: Int
    let rows: [UInt32]
    let contributions: [UInt32]
    let interactions: [UInt32]

    init(_ fixture: Fixture) throws {
      let data = try Data(contentsOf: URL(filePath: fixture.path("contributions.json")))
      self = try JSONDecoder().decode(Recorded.self, from: data)
    }

    var matrix: Matrix {
      Matrix(
        rowCount: rows.count / columns, columnCount: columns,
        values: rows.map(Float.init(bitPattern:)))
    }
  }
}
