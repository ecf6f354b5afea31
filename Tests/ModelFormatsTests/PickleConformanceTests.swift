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
    let model = try fixture.model()
    let engine = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing) {
      ReferenceEngine($0)
    }
    let outputCount = model.ensemble.outputCount
    #expect(model.features.count == answers.columns)
    if let outputs = answers.outputs { #expect(outputCount == outputs) }
    let margins = engine.margins(answers.matrix)
    let values = engine.predictions(answers.matrix)
    if let expected = answers.margins { #expect(margins.map(\.bitPattern) == expected) }
    if let expected = answers.predictions { #expect(values.map(\.bitPattern) == expected) }
    if let expected = answers.decision { expect(margins, equal: expected) }
    if let expected = answers.values { expect(values, equal: expected) }
    if let expected = answers.classes {
      let classes = model.objective.classes(of: values, outputCount: outputCount)
      #expect(classes == expected)
      if let predicted = answers.predicted {
        #expect(model.answers == .classes)
        #expect(classes.map { Double(model.classValues?[$0] ?? Float($0)) } == predicted)
      }
    }
  }

  @Test("Every engine gives the same margins", arguments: PickleFixture.all)
  func engines(fixture: PickleFixture) throws {
    let rows = try fixture.answers().matrix
    let model = try fixture.model()
    let expected = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing) {
      ReferenceEngine($0)
    }.margins(rows)
    // To time engines takes longer than to predict; one of a kind does.
    let isVaried = PickleFixture.varied.contains { $0.path == fixture.path }
    for choice in EngineChoice.all where choice.kind != nil || isVaried {
      let engine = try EnsembleEngine(model.ensemble, preprocessing: model.preprocessing) {
        try choice.engine(for: $0) ?? ReferenceEngine($0)
      }
      #expect(
        engine.margins(rows).map(\.bitPattern) == expected.map(\.bitPattern), "\(choice)")
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
    if let categories = answers.categories {
      #expect(model.features.map(\.categories) == categories)
    }
    if let best = answers.bestIteration { #expect(model.bestIteration == best) }
    if let trees = answers.trees { #expect(model.ensemble.treeCount == trees) }
  }

  /// Float32 holds seven digits, and sums of several terms less of a small result.
  private func expect(_ values: [Float], equal expected: [Double]) {
    guard values.count == expected.count else {
      Issue.record("\(values.count) values, expected \(expected.count)")
      return
    }
    for (value, expected) in zip(values, expected) {
      #expect(abs(Double(value) - expected) <= 1e-6 * max(expected.magnitude, 0.1))
    }
  }
}
