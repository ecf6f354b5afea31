import Forest
import Testing

@testable import ModelFormats

/// Every pickled model of every library and version, against that library's own answers.
struct PickleConformanceTests {
  @Test("The fixtures are there")
  func fixturesExist() {
    #expect(PickleFixture.all.contains { $0.path == "pickle/xgboost-1.7.6/tutorial.pkl" })
    #expect(PickleFixture.all.contains { $0.path == "pickle/xgboost-3.4.1/tutorial.pkl" })
  }

  @Test("Predictions equal the library's", arguments: PickleFixture.all)
  func predictions(fixture: PickleFixture) throws {
    let answers = try fixture.answers()
    let forest = try fixture.model().soleForest()
    #expect(forest.featureCount == answers.columns)
    #expect(forest.outputCount == answers.outputs)
    var values = ReferenceEngine(forest).margins(answers.matrix)
    if let margins = answers.margins { #expect(values.map(\.bitPattern) == margins) }
    forest.objective.link.apply(to: &values, outputCount: forest.outputCount)
    if let predictions = answers.predictions { #expect(values.map(\.bitPattern) == predictions) }
    if let expected = answers.values {
      try #require(values.count == expected.count)
      for (value, expected) in zip(values, expected) {
        #expect(abs(Double(value) - expected) <= 1e-6 * max(expected.magnitude, 1e-3))
      }
    }
    #expect(answers.predictions != nil || answers.values != nil)
    if let classes = answers.classes {
      #expect(self.classes(of: values, outputCount: forest.outputCount) == classes)
    }
  }

  @Test("The model tells what the pickle tells", arguments: PickleFixture.all)
  func facts(fixture: PickleFixture) throws {
    let answers = try fixture.answers()
    let model = try fixture.model()
    #expect("\(model.library) \(model.libraryVersion ?? "?")" == answers.library)
    #expect(model.labels == answers.labels)
    #expect(
      model.features.map(\.name) == answers.features ?? model.features.indices.map { "f\($0)" })
    if let best = answers.bestIteration { #expect(model.bestIteration == best) }
    if let trees = answers.trees { #expect(try model.soleForest().trees.count == trees) }
  }

  private func classes(of values: [Float], outputCount: Int) -> [Int] {
    if outputCount == 1 { return values.map { $0 > 0.5 ? 1 : 0 } }
    return stride(from: 0, to: values.count, by: outputCount).map { start in
      let row = values[start..<start + outputCount]
      return row.firstIndex(of: row.max()!)! - start
    }
  }
}
