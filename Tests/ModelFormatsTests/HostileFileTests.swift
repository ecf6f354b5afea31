import Foundation
import Testing

@testable import ModelFormats

/// Files that are cut, damaged or made to do harm: each is one clear error, soon.
@Suite(.timeLimit(.minutes(5)))
struct HostileFileTests {
  static let small = Fixture(name: "xgboost/3.4.1/categorical-one-hot")

  @Test("A file that is cut anywhere is refused", arguments: ["json", "ubj"])
  func truncated(ending: String) throws {
    let bytes = try tiny(ending)
    _ = try TreeModel.read(bytes)
    for count in bytes.indices {
      #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
    }
  }

  @Test("A damaged file gives a model or an error, never a crash", arguments: ["json", "ubj"])
  func damaged(ending: String) throws {
    try expectModelOrError(Self.small.bytes(ending), seed: 20, count: 600)
  }

  @Test(
    "Trees that are none are refused with the place",
    arguments: [
      // The root is its own child; two parents; a ring; children outside; other lengths.
      ([0, -1, -1], [2, -1, -1], "child 0"),
      ([1, -1, -1], [1, -1, -1], "child 1"),
      ([1, 2, 1], [2, 1, 2], "child"),
      ([1, -1, -1], [3, -1, -1], "child 3"),
      ([-2, -1, -1], [2, -1, -1], "child -2"),
      ([1, -1, -1], [-1, -1, -1], "child -1"),
      ([2_147_483_647, -1, -1], [2, -1, -1], "child 2147483647"),
      ([1, -1, -1], [2, -1], "right_children"),
    ])
  func notTrees(left: [Int], right: [Int], message: String) throws {
    let error = try refusal(document(left: left, right: right))
    #expect(error.code == .malformed)
    #expect(error.path?.hasPrefix("learner.gradient_booster.model.trees[0]") == true)
    #expect(error.message.contains(message), "\(error)")
  }

  @Test(
    "Contradictions and absurd sizes are refused",
    arguments: [
      ("\"num_class\":\"0\"", "\"num_class\":\"2147483647\"", "outputs"),
      ("\"num_class\":\"0\"", "\"num_class\":\"-1\"", "classes"),
      ("\"num_class\":\"0\"", "\"num_class\":\"99999999999999999999\"", "whole number"),
      ("\"num_feature\":\"2\"", "\"num_feature\":\"2147483648\"", "features"),
      ("\"num_feature\":\"2\"", "\"num_feature\":\"-2\"", "features"),
      ("\"num_feature\":\"2\"", "\"num_feature\":\"1\"", "feature 1"),
      ("\"tree_info\":[0]", "\"tree_info\":[1]", "output 1"),
      ("\"tree_info\":[0]", "\"tree_info\":[-1]", "output -1"),
      ("\"tree_info\":[0]", "\"tree_info\":[0,0]", "tree_info"),
      ("\"tree_info\":[0]", "\"tree_info\":{}", "expected an array"),
      ("\"split_conditions\":[0.5,0.25", "\"split_conditions\":[0.5,NaN", "leaf"),
      ("\"base_score\":\"5E-1\"", "\"base_score\":\"half\"", "half"),
      ("\"base_score\":\"5E-1\"", "\"base_score\":\"[1,2]\"", "2 base scores"),
      ("\"base_score\":\"5E-1\"", "\"base_score\":\"1E99\"", "1E99"),
      ("\"base_score\":\"5E-1\"", "\"base_score\":\"2\"", "probability"),
      ("\"binary:logistic\"", "\"binary:magic\"", "binary:magic"),
      ("\"binary:logistic\"", "7", "expected a string"),
      ("\"gbtree\"", "\"gbforest\"", "gbforest"),
      ("\"feature_names\":[]", "\"feature_names\":[\"a\"]", "2 features"),
      ("\"feature_names\":[]", "\"feature_names\":[\"a\",\"a\"]", "same name"),
      ("\"feature_types\":[]", "\"feature_types\":[\"int\",\"odd\"]", "odd"),
      ("\"categories\":[1]", "\"categories\":[16777216]", "category"),
      ("\"categories\":[1]", "\"categories\":[-1]", "category"),
      ("\"categories_sizes\":[1]", "\"categories_sizes\":[2147483647]", "outside"),
      ("\"categories_sizes\":[1]", "\"categories_sizes\":[-1]", "outside"),
      ("\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"3\"", "leaves of 3 values"),
      ("\"num_nodes\":\"3\"", "\"num_nodes\":\"4\"", "num_nodes"),
      (
        "\"attributes\":{}",
        "\"attributes\":{\"best_iteration\":\"9223372036854775807\",\"scikit_learn\":\"{}\"}",
        "lies outside the trees"
      ),
    ])
  func contradictions(text: String, replacement: String, message: String) throws {
    let sound = document()
    _ = try TreeModel.read(Array(sound.utf8))
    try #require(sound.contains(text))
    let error = try refusal(sound.replacing(text, with: replacement, maxReplacements: 1))
    #expect(error.description.contains(message), "\(error)")
    #expect(error.path != nil, "\(error)")
  }

  @Test("Category sets that need much more memory than the file has bytes are refused")
  func categoryBomb() throws {
    let count = 200
    var left: [Int] = []
    var right: [Int] = []
    for node in 0..<count {
      left += [2 * node + 1, -1]
      right += [2 * node + 2, -1]
    }
    left.append(-1)
    right.append(-1)
    let nodes = (0..<count).map { 2 * $0 }
    let types = left.map { $0 == -1 ? 0 : 1 }
    let error = try refusal(
      document(
        left: left, right: right, types: types,
        categories: [Int](repeating: 16_777_215, count: count), categoryNodes: nodes))
    #expect(error.code == .tooLarge)
    #expect(error.message.contains("64 MiB"))
  }

  @Test("Deep nesting is refused", arguments: [UInt8(ascii: "["), UInt8(ascii: "{")])
  func deep(bracket: UInt8) throws {
    let unit = bracket == UInt8(ascii: "[") ? "[" : "{\"a\":"
    let json = "{\"a\":" + String(repeating: unit, count: 100_000)
    #expect(try refusal(json).message.contains("deep"))
    let unitBytes: [UInt8] = bracket == UInt8(ascii: "[") ? [bracket] : [bracket, 0x69, 1, 0x61]
    let ubjson = [0x7B, 0x69, 1, 0x61] + [[UInt8]](repeating: unitBytes, count: 100_000).joined()
    #expect(try refusal(ubjson).message.contains("deep"))
  }

  @Test(
    "Counts that the bytes do not hold are refused",
    arguments: [
      "{L\u{0}\u{0}\u{0}\u{0}\u{7F}\u{0}\u{0}\u{0}key",
      "{i\u{1}aSl\u{7F}\u{0}\u{0}\u{0}text",
      "{i\u{1}aSi\u{80}text",
      "{i\u{1}a[$d#L\u{7F}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
      "{i\u{1}a[$L#l\u{10}\u{0}\u{0}\u{0}",
      "{i\u{1}a[#l\u{7F}\u{0}\u{0}\u{0}",
      "{i\u{1}a[$Z#L\u{7F}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
      "{i\u{1}a[$d]",
      "{$i#L\u{7F}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ])
  func announcements(text: String) throws {
    let bytes = text.unicodeScalars.map { UInt8($0.value) } + [UInt8](repeating: 0, count: 1000)
    let error = try refusal(bytes)
    #expect(error.code == .malformed)
    #expect(error.offset != nil)
  }

  // MARK: Making files

  private func tiny(_ ending: String) throws -> [UInt8] {
    ending == "json"
      ? Array(document().utf8) : try Fixture(name: "xgboost/3.4.1/single-leaves").bytes("ubj")
  }

  /// A model of one tree, by default of one categorical split.
  private func document(
    left: [Int] = [1, -1, -1], right: [Int] = [2, -1, -1], types: [Int] = [1, 0, 0],
    categories: [Int] = [1], categoryNodes: [Int] = [0]
  ) -> String {
    let count = left.count
    let zeros = [Int](repeating: 0, count: count)
    let features = [1] + zeros.dropFirst()
    let conditions = [0.5] + [Double](repeating: 0.25, count: count - 1)
    let kinds = types.count == count ? types : zeros
    return """
      {"learner":{"attributes":{},"feature_names":[],"feature_types":[],"gradient_booster":{"model":\
      {"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1"},"iteration_indptr":[0,1],\
      "tree_info":[0],"trees":[{"categories":\(compact(categories)),\
      "categories_nodes":\(compact(categoryNodes)),\
      "categories_segments":\(compact(Array(categories.indices))),\
      "categories_sizes":\(compact(categories.map { _ in 1 })),\
      "default_left":\(compact(zeros)),"id":0,"left_children":\(compact(left)),\
      "right_children":\(compact(right)),"split_conditions":\(compact(conditions)),\
      "split_indices":\(compact(features)),"split_type":\(compact(kinds)),\
      "tree_param":{"num_nodes":"\(count)","size_leaf_vector":"1"}}]},"name":"gbtree"},\
      "learner_model_param":{"base_score":"5E-1","num_class":"0","num_feature":"2"},\
      "objective":{"name":"binary:logistic"}},"version":[2,1,4]}
      """
  }

  private func compact(_ values: [some CustomStringConvertible]) -> String {
    "[" + values.map(\.description).joined(separator: ",") + "]"
  }
}
