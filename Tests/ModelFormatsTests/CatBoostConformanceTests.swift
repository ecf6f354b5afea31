import Forest
import Testing

@testable import ModelFormats

/// Every CatBoost fixture, binary and JSON, through the reference engine and the fast ones.
struct CatBoostConformanceTests {
  static let all = AnsweredFixture.all("catboost", endings: ["cbm", "json"])

  @Test("The fixtures are there")
  func fixturesExist() {
    let names = Self.all.map(\.testDescription)
    for version in ["1.2", "1.2.5", "1.2.10"] {
      #expect(names.contains("catboost/\(version)/lossguide.cbm"))
    }
    #expect(names.contains("catboost/1.2.10/one-hot-text.json"))
    #expect(Self.all.count > 30)
  }

  @Test("Margins are CatBoost's, rounded to float32 once", arguments: all)
  func margins(fixture: AnsweredFixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    let forest = try #require(model.forest)
    #expect(forest.outputCount == expected.outputs)
    let rows = try expected.matrix(model.features)
    let margins = ReferenceEngine(forest).margins(rows)
    // The library adds a bias after the trees, the forest before: the last bit of float64.
    expectSame(margins, try #require(expected.margins), tolerance: 6e-8)
    for kind in [EngineKind.walk, .permute, .slice] {
      let engine = FastEngine(forest, kinds: [kind])
      #expect(engine.margins(rows).map(\.bitPattern) == margins.map(\.bitPattern), "\(kind)")
    }
  }

  @Test("Predictions and classes are CatBoost's", arguments: all)
  func predictions(fixture: AnsweredFixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    try expectAnswers(of: model, expected, tolerance: 1e-6)
    #expect(model.answers == (expected.classes == nil ? .values : .classes))
  }

  @Test("The model tells what its file tells", arguments: all)
  func facts(fixture: AnsweredFixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    #expect(model.format == (fixture.ending == "cbm" ? .catboostBinary : .catboostJSON))
    // 1.2 was built without telling what it is.
    let isTold = expected.library != "catboost 1.2"
    #expect(model.library == "catboost")
    #expect(model.libraryVersion == (isTold ? String(expected.library.dropFirst(9)) : nil))
    #expect(model.features.count == expected.columns)
    let names = model.features.enumerated().map { $1.name == "f\($0)" ? "\($0)" : $1.name }
    #expect(names == expected.names)
  }

  @Test(
    "Features that are not read are refused by name",
    arguments: [("counters", "counters of categorical"), ("text", "text feature")])
  func refused(name: String, what: String) throws {
    for version in ["1.2.10"] {
      let path = "catboost/\(version)/\(name).refused"
      let fixture = AnsweredFixture(name: path, ending: "cbm")
      let error = #expect(throws: ModelFormatError.self) { try fixture.model() }
      #expect(error?.code == .unsupported)
      #expect(error?.message.contains(what) == true, "\(error?.message ?? "")")
    }
  }

  @Test(
    "A category's hash is CatBoost's",
    arguments: [
      ("red", 3_052_168_893), ("blue", 3_431_880_003), ("green", 1_390_465_085), ("3", 593_172_586),
      ("a much longer category name that is over 32 bytes", 889_697_226),
      (String(repeating: "x", count: 70), 4_152_689_225),
    ] as [(String, UInt32)])
  func hashes(text: String, hash: UInt32) {
    #expect(Feature.hash(ofCategory: text) == hash)
  }
}

/// Checks predictions, probabilities and classes, as far as they are expected, by the engine that
/// chooses by itself.
func expectAnswers(
  of model: TreeModel, _ expected: AnsweredFixture.Expected, tolerance: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let engine = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing)
  let values = engine.predictions(try expected.matrix(model.features))
  if let wanted = expected.predictions {
    expectSame(values, wanted, tolerance: tolerance, sourceLocation: sourceLocation)
  }
  if let wanted = expected.probabilities {
    var probabilities = values
    if model.objective.task == .binary {
      let isProbability = model.objective.link.givesProbabilities
      probabilities = values.flatMap { [isProbability ? 1 - $0 : -$0, $0] }
    }
    expectSame(probabilities, wanted, tolerance: tolerance, sourceLocation: sourceLocation)
  }
  if let wanted = expected.classes {
    let classes = model.objective.classes(of: values, outputCount: model.ensemble.outputCount)
    let names = classes.map { model.labels?[$0] ?? "\($0)" }
    #expect(names == wanted, sourceLocation: sourceLocation)
  }
}
