import Forest
import Testing

@testable import ModelFormats

/// Every fixture of every library and version, through every engine, bit for bit.
struct ConformanceTests {
  @Test("The fixtures are there")
  func fixturesExist() {
    #expect(Fixture.all.contains { $0.name == "xgboost/1.7.6/iris-softprob" })
    #expect(Fixture.all.contains { $0.name == "xgboost/3.4.1/iris-softprob" })
    #expect(Fixture.all.count { $0.name.contains("gblinear") } >= 10)
    #expect(Fixture.all.contains { $0.name == "xgboost/2.1.4/vector-leaves" })
  }

  @Test(
    "Margins equal the library's to the last bit, by every engine and instruction set",
    arguments: Fixture.all, EngineChoice.all)
  func margins(fixture: Fixture, choice: EngineChoice) throws {
    let expected = try fixture.expected()
    for ending in fixture.formats {
      let ensemble = try fixture.model(ending).ensemble
      #expect(ensemble.outputCount == expected.outputs)
      guard case .forest(let forest) = ensemble else {
        let margins = EnsembleEngine(ensemble).margins(expected.matrix)
        #expect(margins.map(\.bitPattern) == expected.margins, "\(ending)")
        continue
      }
      guard let engine = try choice.engine(for: forest) else { continue }
      let margins = engine.margins(expected.matrix)
      #expect(margins.map(\.bitPattern) == expected.margins, "\(ending)")
      // Engines have other ways for a single row.
      let single = expected.matrix.rows.flatMap { engine.margins($0) }
      #expect(single.map(\.bitPattern) == expected.margins, "\(ending), row by row")
    }
  }

  static let leavesAndRounds = Fixture(name: "xgboost/3.4.1/leaves-and-rounds")

  @Test("The first rounds alone give the margins of iteration_range", arguments: EngineChoice.all)
  func firstRounds(choice: EngineChoice) throws {
    let expected = try Self.leavesAndRounds.expected()
    let forest = try Self.leavesAndRounds.model("json").soleForest()
    let engine = try #require(try choice.engine(for: forest))
    let trees = 0..<(try #require(expected.rounds)) * forest.outputCount
    let margins = engine.margins(expected.matrix, trees: trees).map(\.bitPattern)
    #expect(margins == expected.firstMargins)
    #expect(margins != expected.margins)
  }

  @Test("Leaves are those of pred_leaf, and their values add up to the margins")
  func leaves() throws {
    let expected = try Self.leavesAndRounds.expected()
    let forest = try Self.leavesAndRounds.model("json").soleForest()
    let engine = try WalkEngine(forest)
    #expect(engine.leafNodes(expected.matrix) == expected.leaves)
    let values = engine.treeOutputs(expected.matrix)
    var margins: [Float] = []
    for row in 0..<expected.matrix.rowCount {
      var sums = forest.baseMargins
      for (index, tree) in forest.trees.enumerated() {
        sums[tree.output] += Float(values[row * forest.trees.count + index])
      }
      margins += sums
    }
    #expect(margins.map(\.bitPattern) == expected.margins)
  }

  @Test("Every engine takes the Iris model", arguments: EngineChoice.all)
  func iris(choice: EngineChoice) throws {
    for version in ["1.7.6", "3.4.1"] {
      let fixture = Fixture(name: "xgboost/\(version)/iris-softprob")
      #expect(try choice.engine(for: fixture.model("json").soleForest()) != nil)
    }
  }

  @Test("Predictions equal the library's to the last bit", arguments: Fixture.all)
  func predictions(fixture: Fixture) throws {
    let expected = try fixture.expected()
    let ensemble = try fixture.model().ensemble
    var values = EnsembleEngine(ensemble, forestEngine: ReferenceEngine.init)
      .margins(expected.matrix)
    if expected.predictions.count < values.count {
      // multi:softmax answers the class with the largest margin.
      values = stride(from: 0, to: values.count, by: ensemble.outputCount).map { start in
        let row = values[start..<start + ensemble.outputCount]
        return Float(row.firstIndex(of: row.max()!)! - start)
      }
    } else {
      ensemble.objective.link.apply(to: &values, outputCount: ensemble.outputCount)
    }
    if ensemble.objective.link == .increments {
      // It alone calls log1pf, of which the last bit differs between versions of the C library.
      #expect(values.count == expected.predictions.count)
      for (value, bits) in zip(values, expected.predictions) {
        #expect(abs(value - Float(bitPattern: bits)) <= 1e-6)
      }
    } else {
      #expect(values.map(\.bitPattern) == expected.predictions)
    }
  }

  @Test("JSON and UBJSON give the same model", arguments: Fixture.all)
  func sameModel(fixture: Fixture) throws {
    guard fixture.formats.contains("ubj") else { return }
    let json = try fixture.model("json")
    let ubjson = try fixture.model("ubj")
    #expect(json.format == .xgboostJSON)
    #expect(ubjson.format == .xgboostUBJSON)
    #expect(json.forest?.trees == ubjson.forest?.trees)
    #expect(json.forest?.baseMargins == ubjson.forest?.baseMargins)
    #expect(json.featureGains == ubjson.featureGains)
    #expect(json.objective == ubjson.objective)
    #expect(json.features == ubjson.features)
    #expect(json.libraryVersion == ubjson.libraryVersion)
    #expect(json.bestIteration == ubjson.bestIteration)
  }

  @Test("The model tells what its file tells", arguments: Fixture.all)
  func facts(fixture: Fixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    #expect("\(model.library) \(model.libraryVersion ?? "?")" == expected.library)
    #expect(model.features.count == expected.columns)
    if let best = expected.bestIteration { #expect(model.bestIteration == best) }
    if let categories = expected.categories {
      #expect(model.features.map(\.categories) == categories)
    }
  }
}
