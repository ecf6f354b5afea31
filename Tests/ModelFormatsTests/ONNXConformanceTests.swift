import Forest
import Testing

@testable import ModelFormats

/// Every ONNX fixture, through the reference engine and the fast ones.
struct ONNXConformanceTests {
  static let all = AnsweredFixture.all("onnx", endings: ["onnx"])

  @Test("The fixtures are there")
  func fixturesExist() {
    let names = Set(Self.all.map(\.name))
    for name in ["column-transformer", "xgboost-two", "lightgbm-three-tensor", "by-hand-five"] {
      #expect(names.contains("onnx/skl2onnx-1.20.0/\(name)"))
    }
    #expect(Self.all.count > 50)
  }

  @Test("Predictions, probabilities and classes are onnxruntime's", arguments: all)
  func answers(fixture: AnsweredFixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    #expect(model.format == .onnx)
    #expect(model.features.count == expected.columns)
    #expect(model.answers == (expected.classes == nil ? .values : .classes))
    try expectAnswers(of: model, expected, tolerance: 1e-6)
  }

  @Test("Sums in float32 are onnxruntime's to the last bit", arguments: all)
  func bits(fixture: AnsweredFixture) throws {
    let expected = try fixture.expected()
    let model = try fixture.model()
    // Where nothing but sums of trees leads to the numbers.
    guard case .forest(let forest) = model.ensemble, forest.objective.link == .identity,
      model.preprocessing == nil, let wanted = expected.predictions
    else { return }
    let margins = ReferenceEngine(forest).margins(try expected.matrix(model.features))
    #expect(margins.map(\.bitPattern) == wanted.map { Float($0).bitPattern })
  }

  @Test("All engines give the same margins", arguments: all)
  func engines(fixture: AnsweredFixture) throws {
    let model = try fixture.model()
    let expected = try fixture.expected()
    let rows = try expected.matrix(model.features)
    let prepared = model.preprocessing?.apply(rows) ?? rows
    guard case .forest(let forest) = model.ensemble else { return }
    let margins = ReferenceEngine(forest).margins(prepared).map(\.bitPattern)
    for kind in [EngineKind.walk, .permute, .slice] {
      let engine = FastEngine(forest, kinds: [kind])
      #expect(engine.margins(prepared).map(\.bitPattern) == margins, "\(kind)")
    }
  }
}
