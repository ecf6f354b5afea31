import Forest
import Testing

@testable import ModelFormats

/// Models that are written as today's XGBoost writes them, read back.
struct XGBoostDocumentTests {
  @Test("A model of XGBoost is written without loss", arguments: Fixture.all)
  func xgboost(fixture: Fixture) throws {
    let model = try fixture.model()
    let document = try XGBoostDocument(model)
    let expected = try fixture.expected()
    for bytes in [document.json(), document.ubjson()] {
      let copy = try TreeModel.read(bytes)
      #expect(copy.libraryVersion == "3.4.1")
      #expect(copy.features.map(\.name) == model.features.map(\.name))
      #expect(copy.features.map(\.type) == model.features.map(\.type))
      #expect(copy.objective.task == model.objective.task)
      #expect(copy.forest?.trees.map(\.nodes) == model.forest?.trees.map(\.nodes))
      let engine = EnsembleEngine(copy.ensemble, forestEngine: ReferenceEngine.init)
      let margins = engine.margins(expected.matrix)
      if document.remarks.contains(where: { $0.contains("base margin") }) {
        for (found, wanted) in zip(margins, expected.margins.map(Float.init(bitPattern:))) {
          #expect(found == wanted || abs(found - wanted) <= 1e-6 * max(1, abs(wanted)))
        }
      } else {
        #expect(margins.map(\.bitPattern) == expected.margins)
      }
    }
  }

  @Test("A model of LightGBM is written to a millionth, or refused by name")
  func lightgbm() throws {
    var written = 0
    for fixture in LightGBMFixture.all {
      let model = try fixture.model()
      do {
        let document = try XGBoostDocument(model)
        #expect(document.remarks.contains { $0.contains("seventh digit") })
        let copy = try TreeModel.read(document.ubjson())
        let expected = try fixture.expected()
        let engine = EnsembleEngine(copy.ensemble, forestEngine: ReferenceEngine.init)
        let original = EnsembleEngine(model.ensemble, forestEngine: ReferenceEngine.init)
        let pairs = zip(engine.margins(expected.matrix), original.margins(expected.matrix))
        let rows = expected.matrix.rows
        for (index, (found, wanted)) in pairs.enumerated() {
          // XGBoost takes no infinities; negative numbers are in no category's set.
          let row = rows[index / expected.outputs].values
          guard row.allSatisfy({ !$0.isInfinite && ($0 > -1e9 || $0.isNaN) }) else { continue }
          if model.features.contains(where: { $0.type == .categorical }),
            row.contains(where: { $0 < 0 && $0 > -1 })
          {
            continue
          }
          #expect(
            abs(found - wanted) <= 2e-6 * max(1, abs(wanted)), "\(fixture.name), value \(index)")
        }
        written += 1
      } catch let error as ModelFormatError {
        #expect(error.code == .unsupported)
        #expect(error.message.contains("cannot say"))
      }
    }
    #expect(written > 40)
  }

  @Test("Texts and odd numbers survive")
  func text() {
    var json = JSONDocumentWriter()
    json.object { json in
      json.member("a\"\\\n\u{1}é", ["", "b"])
      json.member(
        "numbers", [Float(0.1), -.infinity, .infinity, .leastNonzeroMagnitude, 3.4028235e38])
      json.member("none", [Int32]())
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == #"{"a\"\\\u000a\u0001é":["","b"],"numbers":[0.1,-Infinity,Infinity,1e-45,3.4028235e+38],"none":[]}"#
    )
  }
}
