import Forest
import Testing

@testable import ModelFormats

/// Every LightGBM fixture of every version, through the reference engine and the fast ones.
struct LightGBMConformanceTests {
  @Test("The fixtures are there")
  func fixturesExist() {
    let names = LightGBMFixture.all.map(\.name)
    for version in ["2.0.12", "2.2.3", "2.3.1", "3.0.0", "3.3.5", "4.7.0"] {
      #expect(names.contains("\(version)/zero-as-missing"))
    }
    #expect(LightGBMFixture.dumped.count > 30)
  }

  @Test("Margins are LightGBM's, rounded to float32 once", arguments: LightGBMFixture.all)
  func margins(fixture: LightGBMFixture) throws {
    let expected = try fixture.expected()
    let forest = try fixture.model().soleForest()
    #expect(forest.outputCount == expected.outputs)
    // LightGBM's raw score of a random forest is the sum over its rounds, not their mean.
    let scale = forest.summation == .mean ? Double(forest.trees.count / forest.outputCount) : 1
    let wanted = expected.margins.map { Float($0 / scale).bitPattern }
    #expect(ReferenceEngine(forest).margins(expected.matrix).map(\.bitPattern) == wanted)
    for kind in [EngineKind.walk, .permute, .slice] {
      let engine = FastEngine(forest, kinds: [kind])
      #expect(engine.margins(expected.matrix).map(\.bitPattern) == wanted, "\(kind)")
    }
  }

  @Test("Predictions are LightGBM's to a millionth", arguments: LightGBMFixture.all)
  func predictions(fixture: LightGBMFixture) throws {
    let expected = try fixture.expected()
    let forest = try fixture.model().soleForest()
    var values = ReferenceEngine(forest).margins(expected.matrix)
    forest.objective.link.apply(to: &values, outputCount: forest.outputCount)
    #expect(values.count == expected.predictions.count)
    for (index, (value, wanted)) in zip(values, expected.predictions).enumerated() {
      #expect(abs(Double(value) - wanted) <= 1e-6 * wanted.magnitude, "value \(index)")
    }
  }

  @Test("The dump gives the margins of the text", arguments: LightGBMFixture.dumped)
  func dump(fixture: LightGBMFixture) throws {
    let text = try fixture.model()
    let dump = try fixture.model("dump.json")
    #expect(text.format == .lightgbmText)
    #expect(dump.format == .lightgbmJSON)
    #expect(text.library == "lightgbm")
    let rows = try fixture.expected().matrix
    let margins = try ReferenceEngine(dump.soleForest()).margins(rows)
    let expected = try ReferenceEngine(text.soleForest()).margins(rows)
    #expect(margins.map(\.bitPattern) == expected.map(\.bitPattern))
    #expect(dump.objective == text.objective)
    #expect(try dump.soleForest().summation == text.soleForest().summation)
    #expect(dump.features.map(\.name) == text.features.map(\.name))
    #expect(dump.features.map(\.type) == text.features.map(\.type))
    #expect(dump.features.map(\.categories) == text.features.map(\.categories))
  }

  @Test("The model tells what its file tells", arguments: LightGBMFixture.all)
  func facts(fixture: LightGBMFixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    #expect(model.features.count == expected.columns)
    #expect(model.objective.task == expected.task ?? .regression)
    if let trees = expected.trees { #expect(try model.soleForest().trees.count == trees) }
    if let names = expected.names { #expect(model.features.map(\.name) == names) }
    if let types = expected.types { #expect(model.features.map(\.type) == types) }
    if let categories = expected.categories {
      #expect(model.features.map(\.categories) == categories)
    }
  }
}
