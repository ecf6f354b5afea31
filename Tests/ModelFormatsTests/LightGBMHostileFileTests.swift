import Forest
import Foundation
import Testing

@testable import ModelFormats

/// LightGBM files that are cut, damaged or made to do harm: each is one clear error, soon.
@Suite(.timeLimit(.minutes(5)))
struct LightGBMHostileFileTests {
  @Test("A text that is cut before its trees end is refused")
  func truncatedText() throws {
    for name in ["2.0.12/categorical", "4.7.0/categorical-pandas"] {
      let bytes = try LightGBMFixture(name: name).bytes("txt")
      let trees = try TreeModel.read(bytes).soleForest().trees
      let text = String(decoding: bytes, as: UTF8.self)
      let mark = name.hasPrefix("2") ? "feature importances:\n" : "end of trees\n"
      let end = try #require(text.range(of: mark)).upperBound
      let endOffset = text.utf8.distance(from: text.startIndex, to: end)
      for count in 0..<endOffset {
        #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
      }
      // What follows says nothing of the trees.
      for count in endOffset..<bytes.count {
        guard let model = try? TreeModel.read(Array(bytes[..<count])) else { continue }
        #expect(try model.soleForest().trees == trees)
      }
    }
  }

  @Test("A text that is cut inside its parameters or categories is refused")
  func truncatedEnd() throws {
    let bytes = try LightGBMFixture(name: "4.7.0/categorical-pandas").bytes("txt")
    let text = String(decoding: bytes, as: UTF8.self)
    for mark in ["[boosting: ", "end of param", "\npandas_cat", "[[\"blue\"", "\"red\"]"] {
      let end = try #require(text.range(of: mark)).upperBound
      let error = try refusal(String(text[..<end]))
      #expect(error.code == .malformed, "\(mark)")
    }
  }

  @Test("A dump that is cut anywhere is refused")
  func truncatedDump() throws {
    let bytes = try LightGBMFixture(name: "4.7.0/no-missing").bytes("dump.json")
    let end = try #require(bytes.lastIndex(of: UInt8(ascii: "}")))
    for count in 0...end {
      #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
    }
  }

  @Test("A damaged file gives a model or an error, never a crash", arguments: ["txt", "dump.json"])
  func damaged(ending: String) throws {
    let bytes = try LightGBMFixture(name: "4.7.0/categorical-pandas").bytes(ending)
    try expectModelOrError(bytes, seed: 21, count: 1000)
  }

  @Test(
    "Contradictions and absurd sizes are refused with the place",
    arguments: [
      ("left_child=1 -1", "left_child=0 -1", "root"),
      ("left_child=1 -1", "left_child=2147483647 -1", "left_child"),
      ("left_child=1 -1", "left_child=-2147483648 -1", "left_child"),
      ("left_child=1 -1", "left_child=9999999999 -1", "32 bits"),
      ("left_child=1 -1", "left_child=1 -4", "left_child"),
      ("left_child=1 -1", "left_child=-1 -1", "reached"),
      ("left_child=1 -1", "left_child=1 1", "two nodes"),
      ("left_child=1 -1", "left_child=1", "left_child"),
      ("left_child=1 -1", "left_child=1 -1 -1", "left_child"),
      ("left_child=1 -1", "left_child=1.5 -1", "1.5"),
      ("left_child=1 -1\n", "", "left_child"),
      ("right_child=-2 -3", "right_child=-2 2", "right_child"),
      ("split_feature=0 1", "split_feature=0 2", "feature 2"),
      ("split_feature=0 1", "split_feature=-1 1", "feature -1"),
      ("threshold=0.5 0", "threshold=nan 0", "not a number"),
      ("threshold=0.5 0", "threshold=0.5.5 0", "0.5.5"),
      ("threshold=0.5 0", "threshold=- 0", "-"),
      ("threshold=0.5 0", "threshold=0.5 1", "set 1"),
      ("threshold=0.5 0", "threshold=0.5 -1", "set -1"),
      ("threshold=0.5 0", "threshold=0.5 1e300", "1e+300"),
      ("threshold=0.5 0", "threshold=0.5 0.5", "set 0.5"),
      ("decision_type=2 1", "decision_type=14 1", "decision"),
      ("decision_type=2 1", "decision_type=300 1", "8 bits"),
      ("leaf_value=1 2 3", "leaf_value=1 2 nan", "not a number"),
      ("leaf_value=1 2 3", "leaf_value=1 2", "num_leaves"),
      ("leaf_value=1 2 3", "leaf_value=1 2 3x", "3x"),
      ("num_leaves=3", "num_leaves=2147483647", "num_leaves"),
      ("num_leaves=3", "num_leaves=-1", "num_leaves"),
      ("num_leaves=3", "num_leaves=0", "num_leaves"),
      ("num_leaves=3\n", "", "num_leaves"),
      ("cat_boundaries=0 1", "cat_boundaries=0 2147483647", "cat_boundaries"),
      ("cat_boundaries=0 1", "cat_boundaries=0 -1", "cat_boundaries"),
      ("cat_boundaries=0 1", "cat_boundaries=1 1", "cat_boundaries"),
      ("cat_boundaries=0 1", "cat_boundaries=0 1 0 1", "cat_boundaries"),
      ("cat_boundaries=0 1\n", "", "set 0"),
      ("cat_threshold=6", "cat_threshold=4294967296", "32 bits"),
      ("cat_threshold=6", "cat_threshold=-1", "32 bits"),
      ("is_linear=0", "is_linear=1", "leaf_const"),
      ("is_linear=0", "is_linear=1\nleaf_const=1 2 3\nnum_features=1 0 -1", "num_features"),
      ("is_linear=0", "is_linear=1\nleaf_const=1 2 3\nnum_features=2147483647 0 0", "num_features"),
      (
        "is_linear=0",
        "is_linear=1\nleaf_const=1 2 3\nnum_features=1 0 0\nleaf_features=2\nleaf_coeff=1",
        "feature 2"
      ),
      (
        "is_linear=0",
        "is_linear=1\nleaf_const=1 2 3\nnum_features=1 0 0\nleaf_features=0\nleaf_coeff=nan",
        "finite"
      ),
      ("Tree=0", "Tree=1", "tree 1"),
      ("tree_sizes=300", "tree_sizes=300 300", "2 trees"),
      ("num_tree_per_iteration=1", "num_tree_per_iteration=2147483647", "rounds"),
      ("num_tree_per_iteration=1", "num_tree_per_iteration=0", "rounds"),
      ("num_tree_per_iteration=1", "num_tree_per_iteration=-1", "rounds"),
      ("num_tree_per_iteration=1", "num_tree_per_iteration=99999999999999999999", "whole number"),
      ("num_tree_per_iteration=1\n", "", "missing"),
      ("max_feature_idx=1", "max_feature_idx=2147483647", "1048575"),
      ("max_feature_idx=1", "max_feature_idx=-5", "-5"),
      ("max_feature_idx=1", "max_feature_idx=9223372036854775807", "1048575"),
      ("max_feature_idx=1", "max_feature_idx=2", "feature_names"),
      ("max_feature_idx=1\n", "", "missing"),
      ("feature_names=a b", "feature_names=a a", "same name"),
      ("feature_names=a b", "feature_names=a", "feature_names"),
      ("feature_infos=[-1:2] 0:1:2", "feature_infos=[-1:2]", "feature_infos"),
      ("feature_infos=[-1:2] 0:1:2", "feature_infos=[-1] 0:1:2", "[-1]"),
      ("feature_infos=[-1:2] 0:1:2", "feature_infos=[-1:2] 0:x", "0:x"),
      ("objective=binary sigmoid:1", "objective=magic", "magic"),
      ("objective=binary sigmoid:1", "objective=binary sigmoid:0", "sigmoid"),
      ("objective=binary sigmoid:1", "objective=binary sigmoid:x", "x"),
      ("objective=binary sigmoid:1", "objective=binary sigmoid:inf", "sigmoid"),
      ("objective=binary sigmoid:1", "objective=multiclass num_class:3", "3 outputs"),
      ("objective=binary sigmoid:1", "objective=multiclass num_class:1e99", "outputs"),
      ("objective=binary sigmoid:1", "objective=", "objective"),
      ("version=v4", "version=v5", "v5"),
      ("version=v4\n", "", "2.0.12"),
    ])
  func contradictions(text: String, replacement: String, message: String) throws {
    _ = try TreeModel.read(Array(Self.sound.utf8))
    try #require(Self.sound.contains(text))
    let error = try refusal(Self.sound.replacing(text, with: replacement, maxReplacements: 1))
    #expect(error.description.contains(message), "\(error)")
    #expect(error.path != nil, "\(error)")
    if text.hasSuffix("\n") == false, Self.tree.contains(text), !text.hasPrefix("Tree") {
      #expect(error.path?.hasPrefix("trees[0]") == true, "\(error)")
    }
  }

  @Test("Words of sets that reach beyond the codes are refused")
  func hugeSet() throws {
    let words = [String](repeating: "0", count: 1 << 19 | 1).joined(separator: " ")
    let error = try refusal(
      Self.sound.replacing("cat_threshold=6", with: "cat_threshold=" + words)
        .replacing("cat_boundaries=0 1", with: "cat_boundaries=0 524289"))
    #expect(error.message.contains("16777216"))
  }

  @Test("A dump whose category sets need much more memory than it has bytes is refused")
  func categoryBomb() throws {
    let leaf = "{\"leaf_value\":1}"
    let node = """
      {"split_feature":0,"threshold":"16777215","decision_type":"==","left_child":\(leaf),\
      "right_child":\(leaf)}
      """
    let trees = [String](repeating: "{\"tree_structure\":\(node)}", count: 100)
    let error = try refusal(
      "{\"version\":\"v4\",\"num_tree_per_iteration\":1,\"tree_info\":["
        + trees.joined(separator: ",") + "]}")
    #expect(error.code == .tooLarge)
    #expect(error.path?.hasPrefix("tree_info[") == true)
  }

  @Test("A dump nested too deep is refused")
  func deep() throws {
    let nested = String(repeating: "{\"left_child\":", count: 100_000)
    let error = try refusal("{\"tree_info\":[{\"tree_structure\":" + nested)
    #expect(error.message.contains("deep"))
  }

  @Test(
    "A dump with a part missing or wrong is refused",
    arguments: [
      ("\"threshold\":0.5,", "", "threshold"),
      ("\"threshold\":0.5,", "\"threshold\":\"1\",", "thr"),
      ("\"threshold\":0.5,", "\"threshold\":NaN,", "not a number"),
      ("\"split_feature\":0,", "", "split_feature"), ("\"<=\"", "\">\"", "\">\""),
      ("\"NaN\"", "\"Never\"", "Never"), ("\"default_left\":true,", "", "default_left"),
      (",\"right_child\":{\"leaf_value\":2}", "", "right_child"),
      ("\"leaf_value\":2", "", "right_child"),
      ("\"v4\"", "\"v2\"", "objective"), ("\"tree_structure\"", "\"tree\"", "no nodes"),
    ])
  func brokenDump(text: String, replacement: String, message: String) throws {
    let sound = """
      {"version":"v4","num_tree_per_iteration":1,"max_feature_idx":0,"feature_names":["a"],\
      "tree_info":[{"tree_structure":{"split_feature":0,"threshold":0.5,"decision_type":"<=",\
      "default_left":true,"missing_type":"NaN","left_child":{"leaf_value":1},\
      "right_child":{"leaf_value":2}}}]}
      """
    _ = try TreeModel.read(Array(sound.utf8))
    try #require(sound.contains(text))
    let error = try refusal(sound.replacing(text, with: replacement, maxReplacements: 1))
    #expect(error.description.contains(message), "\(error)")
    #expect(error.path != nil)
  }

  private static let tree = """
    Tree=0
    num_leaves=3
    num_cat=1
    split_feature=0 1
    threshold=0.5 0
    decision_type=2 1
    left_child=1 -1
    right_child=-2 -3
    leaf_value=1 2 3
    cat_boundaries=0 1
    cat_threshold=6
    is_linear=0
    shrinkage=1

    """

  private static let sound = """
    tree
    version=v4
    num_class=1
    num_tree_per_iteration=1
    label_index=0
    max_feature_idx=1
    objective=binary sigmoid:1
    feature_names=a b
    feature_infos=[-1:2] 0:1:2
    tree_sizes=300

    \(tree)

    end of trees

    """
}
