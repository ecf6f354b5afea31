import Forest
import Testing

@testable import ModelFormats

/// Every fixture of every library and version, through the reference engine, bit for bit.
struct ConformanceTests {
  @Test("The fixtures are there")
  func fixturesExist() {
    #expect(Fixture.all.contains { $0.name == "xgboost/1.7.6/iris-softprob" })
    #expect(Fixture.all.contains { $0.name == "xgboost/3.4.1/iris-softprob" })
  }

  @Test("Margins equal the library's to the last bit", arguments: Fixture.all)
  func margins(fixture: Fixture) throws {
    let expected = try fixture.expected()
    for ending in fixture.formats {
      let model = try fixture.model(ending)
      #expect(model.forest.outputCount == expected.outputs)
      let margins = ReferenceEngine(model.forest).margins(expected.matrix)
      #expect(margins.map(\.bitPattern) == expected.margins, "\(ending)")
    }
  }

  @Test("Predictions equal the library's to the last bit", arguments: Fixture.all)
  func predictions(fixture: Fixture) throws {
    let expected = try fixture.expected()
    let forest = try fixture.model("json").forest
    var values = ReferenceEngine(forest).margins(expected.matrix)
    if expected.predictions.count < values.count {
      // multi:softmax answers the class with the largest margin.
      values = stride(from: 0, to: values.count, by: forest.outputCount).map { start in
        let row = values[start..<start + forest.outputCount]
        return Float(row.firstIndex(of: row.max()!)! - start)
      }
    } else {
      forest.objective.link.apply(to: &values, outputCount: forest.outputCount)
    }
    #expect(values.map(\.bitPattern) == expected.predictions)
  }

  @Test("JSON and UBJSON give the same model", arguments: Fixture.all)
  func sameModel(fixture: Fixture) throws {
    guard fixture.formats.contains("ubj") else { return }
    let json = try fixture.model("json")
    let ubjson = try fixture.model("ubj")
    #expect(json.format == .xgboostJSON)
    #expect(ubjson.format == .xgboostUBJSON)
    #expect(json.forest.trees == ubjson.forest.trees)
    #expect(json.forest.baseMargins == ubjson.forest.baseMargins)
    #expect(json.forest.objective == ubjson.forest.objective)
    #expect(json.features == ubjson.features)
    #expect(json.libraryVersion == ubjson.libraryVersion)
    #expect(json.bestIteration == ubjson.bestIteration)
  }

  @Test("The model tells what its file tells", arguments: Fixture.all)
  func facts(fixture: Fixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model("json")
    #expect("\(model.library) \(model.libraryVersion ?? "?")" == expected.library)
    #expect(model.features.count == expected.columns)
    if let best = expected.bestIteration { #expect(model.bestIteration == best) }
    if let categories = expected.categories {
      #expect(model.features.map(\.categories) == categories)
    }
  }
}
