import Testing

@testable import ModelFormats

/// CatBoost files that are cut, damaged or made to do harm: each is one clear error, soon.
@Suite(.timeLimit(.minutes(5)))
struct CatBoostHostileTests {
  static let files = [
    AnsweredFixture(name: "catboost/1.2.10/lossguide", ending: "cbm"),
    AnsweredFixture(name: "catboost/1.2.10/one-hot-text", ending: "cbm"),
    AnsweredFixture(name: "catboost/1.2.10/depthwise", ending: "json"),
    AnsweredFixture(name: "catboost/1.2.10/one-hot-text", ending: "json"),
  ]

  @Test("A file that is cut anywhere is refused", arguments: files)
  func truncated(fixture: AnsweredFixture) throws {
    let bytes = try fixture.bytes()
    for count in stride(from: 0, to: bytes.count - 1, by: 97) {
      #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
    }
  }

  @Test("A damaged file gives a model or an error, never a crash", arguments: files)
  func damaged(fixture: AnsweredFixture) throws {
    try expectModelOrError(fixture.bytes(), seed: 21, count: 400)
  }

  @Test("The parts of a binary that tell where things are may say anything")
  func damagedStructure() throws {
    // What the text in the file takes is passed over: the rest is distances, counts and trees.
    let bytes = try Self.files[0].bytes()
    let start = try #require(
      bytes.indices.dropFirst(8).last {
        bytes[$0..<min($0 + 4, bytes.count)].elementsEqual("info".utf8)
      })
    try expectModelOrError(bytes, in: start..<bytes.count, seed: 22, count: 600)
    try expectModelOrError(bytes, in: 0..<400, seed: 23, count: 600)
  }

  @Test("Lists that overlap each other are refused")
  func overlap() throws {
    // A root table whose vector of entries points to one long text again and again.
    var bytes: [UInt8] = Array("CBM1".utf8) + [0, 0, 0, 0]
    func word(_ value: Int) -> [UInt8] {
      withUnsafeBytes(of: UInt32(value).littleEndian, Array.init)
    }
    bytes += word(8)  // root
    bytes += [6, 0, 4, 0]  // list of fields: one, at distance 4... of a table with FormatVersion
    bytes += word(4)  // table: distance back to its fields
    bytes += word(4)  // FormatVersion: forward
    bytes += word(1 << 30)  // the length of the text
    bytes.replaceSubrange(4..<8, with: word(bytes.count - 8))
    let error = #expect(throws: ModelFormatError.self) { try TreeModel.read(bytes) }
    #expect(error?.offset != nil)
  }

  @Test(
    "JSON that contradicts itself is refused with the place",
    arguments: [
      (#"{"features_info":{}}"#, "no trees"),
      (tree(float, leaves: "1,2,3"), "3 leaf values"),
      (
        tree(#"{"float_feature_index":1,"border":1,"split_type":"FloatFeature"}"#),
        "float feature 1"
      ),
      (tree(#"{"cat_feature_index":1,"value":1,"split_type":"OneHotFeature"}"#), "feature 1"),
      (tree(#"{"split_type":"OnlineCtr"}"#), "counters"),
      (tree(#"{"split_type":"New"}"#), "New"),
      (tree(#"{"float_feature_index":0,"border":NaN,"split_type":"FloatFeature"}"#), "border"),
      (tree(float, column: "1000000000000"), "column"),
      (
        #"{"oblivious_trees":[{"leaf_values":[1],"splits":[]}],"model_info":{"params":{"loss_function":{"type":"X"}}}}"#,
        "X"
      ),
    ])
  func contradictions(json: String, message: String) throws {
    let error = #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(json.utf8)) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  private static let float = #"{"float_feature_index":0,"border":1,"split_type":"FloatFeature"}"#

  private static func tree(_ split: String, column: String = "0", leaves: String = "1,2") -> String
  {
    #"{"features_info":{"float_features":[{"feature_index":0,"flat_feature_index":"# + column
      + #"}]},"oblivious_trees":[{"leaf_values":["# + leaves + #"],"splits":["# + split + "]}]}"
  }

  @Test("Trees that are nested without end are refused")
  func nested() {
    let json = #"{"trees":["# + String(repeating: #"{"left":"#, count: 100_000)
    #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(json.utf8)) }
  }
}
