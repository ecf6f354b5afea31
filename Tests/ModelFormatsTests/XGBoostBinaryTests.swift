import Forest
import Testing

@testable import ModelFormats

/// XGBoost's binary format: what may stand around a model, and files that are cut, damaged or made to
/// do harm.
@Suite(.timeLimit(.minutes(5)))
struct XGBoostBinaryTests {
  static let fixture = Fixture(name: "xgboost/1.7.6/old-logistic")
  static let fixtures = Fixture.all.filter { $0.formats == ["bin"] }

  @Test("The fixtures are there")
  func fixturesExist() {
    let versions = Set(Self.fixtures.map { $0.name.split(separator: "/")[1] })
    #expect(versions == ["0.72.1", "0.90", "1.0.2", "1.2.0", "1.7.6", "2.1.4"])
  }

  @Test("A model is the same with the mark binf and without", arguments: fixtures)
  func mark(fixture: Fixture) throws {
    let bytes = try fixture.bytes("bin")
    let isMarked = bytes.starts(with: "binf".utf8)
    try expectSame(isMarked ? Array(bytes.dropFirst(4)) : Array("binf".utf8) + bytes, bytes)
  }

  @Test("The headers of XGBoost4J-Spark are passed over")
  func spark() throws {
    for fixture in Self.fixtures.prefix(3) {
      let bytes = try fixture.bytes("bin")
      func text(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + Array(text.utf8) }
      // The number of classes alone; a classifier with thresholds, one without; a regression.
      let columns = text("features") + text("label") + text("prediction")
      let classifier = text("_cls_") + columns + text("rawPrediction") + [0, 0, 0, 2]
      for header in [
        [0, 0, 0, 3], classifier + [0, 0, 0, 2] + [UInt8](repeating: 7, count: 16),
        classifier + [255, 255, 255, 255], text("_reg_") + columns,
      ] {
        try expectSame(header + bytes, bytes)
      }
    }
  }

  @Test("A model that runs on the GPU is the one that does not")
  func gpu() throws {
    let bytes = try Fixture(name: "xgboost/0.90/old-logistic").bytes("bin")
    var renamed = bytes
    let place = (bytes.starts(with: "binf".utf8) ? 4 : 0) + XGBoostBinaryHeader.parameterSize
    renamed[place] += 4
    renamed.insert(contentsOf: "gpu:".utf8, at: place + 8)
    try expectSame(renamed, bytes)
  }

  @Test("A file that is cut anywhere is refused", arguments: ["old-logistic", "old-gblinear"])
  func truncated(name: String) throws {
    let bytes = try Fixture(name: "xgboost/1.7.6/\(name)").bytes("bin")
    for count in bytes.indices {
      #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
    }
  }

  @Test("A damaged file gives a model or an error, never a crash", arguments: fixtures)
  func damaged(fixture: Fixture) throws {
    try expectModelOrError(fixture.bytes("bin"), seed: 4, count: 40)
  }

  @Test(
    "Numbers that the bytes do not hold are refused",
    arguments: [
      // The tree count, the first tree's roots, nodes, and a child; a feature; the base score.
      (0, [0xFF, 0xFF, 0xFF, 0x7F], "trees[3]"), (0, [0, 0, 0, 0x80], "trees"),
      (160, [2, 0, 0, 0], "roots"), (164, [0xFF, 0xFF, 0xFF, 0x7F], "announced"),
      (164, [0, 0, 0, 0x80], "announced"), (164, [0, 0, 0, 0], "no nodes"),
      (160 + 148 + 4, [0xFF, 0, 0, 0], "child 255"), (160 + 148 + 4, [0, 0, 0, 0], "child 0"),
      (160 + 148 + 12, [99, 0, 0, 0], "feature 99"),
    ] as [(Int, [UInt8], String)])
  func announcements(offset: Int, number: [UInt8], message: String) throws {
    var bytes = try Self.fixture.bytes("bin")
    let place =
      4 + XGBoostBinaryHeader.parameterSize + 8 + "binary:logistic".utf8.count
      + 8 + "gbtree".utf8.count
    bytes.replaceSubrange(place + offset..<place + offset + 4, with: number)
    let error = try #require(throws: ModelFormatError.self) { try TreeModel.read(bytes) }
    #expect(error.description.contains(message), "\(error)")
  }

  private func expectSame(_ bytes: [UInt8], _ original: [UInt8]) throws {
    let (found, expected) = (try TreeModel.read(bytes), try TreeModel.read(original))
    #expect(found.format == .xgboostBinary)
    #expect(found.forest?.trees == expected.forest?.trees)
    #expect(found.forest?.baseMargins == expected.forest?.baseMargins)
    #expect(found.objective == expected.objective)
  }
}
