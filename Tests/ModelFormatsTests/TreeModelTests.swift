import Forest
import Foundation
import Testing

@testable import ModelFormats

/// What a model tells of itself, and how files that are no models are refused.
struct TreeModelTests {
  @Test("The names of the features are read, or made up")
  func featureNames() throws {
    let iris = try Fixture(name: "xgboost/3.4.1/iris-softprob").model("ubj")
    #expect(
      iris.features.map(\.name) == ["sepal_length", "sepal_width", "petal_length", "petal_width"])
    let plain = try Fixture(name: "xgboost/3.4.1/reg-gamma").model("json")
    #expect(plain.features == (0..<4).map { Feature(name: "f\($0)") })
  }

  @Test("Categorical features are known as such", arguments: ["1.7.6", "2.1.4", "3.1.1", "3.4.1"])
  func categoricalFeatures(version: String) throws {
    let model = try Fixture(name: "xgboost/\(version)/categorical-partition").model("json")
    #expect(model.features.map(\.name) == ["weight", "colour", "size"])
    #expect(model.features.map(\.type) == [.float, .categorical, .categorical])
  }

  @Test(
    "Each objective has its task",
    arguments: [
      ("binary-logistic-missing", ModelTask.binary), ("binary-logitraw", .binary),
      ("binary-hinge", .binary), ("multi-softmax", .multiclass), ("iris-softprob", .multiclass),
      ("rank-map", .ranking), ("rank-ndcg", .ranking), ("reg-logistic", .regression),
      ("count-poisson", .regression), ("survival-aft", .regression),
    ])
  func tasks(name: String, task: ModelTask) throws {
    let model = try Fixture(name: "xgboost/1.7.6/\(name)").model("json")
    #expect(model.objective.task == task)
  }

  @Test("Only models of the scikit-learn classes end with the best round")
  func bestIteration() throws {
    let booster = try Fixture(name: "xgboost/3.4.1/early-stopping-booster").model("json")
    let best = try #require(booster.bestIteration)
    #expect(try booster.soleForest().trees.count > best + 1)
    let classifier = try Fixture(name: "xgboost/3.4.1/early-stopping-classifier").model("json")
    // Two trees in parallel for each of three classes.
    #expect(
      try classifier.soleForest().trees.count == (try #require(classifier.bestIteration) + 1) * 6)
  }

  @Test("Deleted nodes are left out", arguments: ["1.7.6", "3.4.1"])
  func deletedNodes(version: String) throws {
    let fixture = Fixture(name: "xgboost/\(version)/pruned")
    let text = try String(contentsOfFile: fixture.path("json"), encoding: .utf8)
    #expect(text.contains(/"num_deleted":"[1-9]/))
    for tree in try fixture.model("json").soleForest().trees {
      let leaves = tree.nodes.count { if case .leaf = $0 { true } else { false } }
      #expect(tree.nodes.count == 2 * leaves - 1)
    }
  }

  @Test(
    "A booster answers values, a classifier classes, whatever the file",
    arguments: [
      ("xgboost-1.7.6/booster", .values), ("xgboost-1.7.6/classifier-4", .classes),
      ("xgboost-1.7.6/ranker", .values), ("xgboost-1.7.6/tutorial", .values),
      ("sklearn-1.9.1/forest", .classes), ("sklearn-1.9.1/boosting-regressor", .values),
      ("sklearn-1.9.1/pipeline-xgboost", .classes), ("sklearn-1.9.1/pipeline-standard", .classes),
    ] as [(String, TreeModel.Answers)])
  func answers(name: String, answers: TreeModel.Answers) throws {
    #expect(try PickleFixture(path: "pickle/\(name).pkl").model().answers == answers)
  }

  @Test("An XGBoost file says whether a classifier saved it")
  func savedByClassifier() throws {
    var found: Set<TreeModel.Answers> = []
    for fixture in Fixture.all where fixture.formats.contains("json") {
      let model = try fixture.model("json")
      let text = String(decoding: try fixture.bytes("json"), as: UTF8.self)
      let isClassifier =
        text.contains("_estimator_type") && text.contains("classifier")
        || model.objective.name == "multi:softmax"
      #expect(model.answers == (isClassifier ? .classes : .values), "\(fixture)")
      found.insert(model.answers)
    }
    #expect(found == [.classes, .values])
  }

  @Test(
    "Files in other formats are named",
    arguments: [
      ("binf\u{0}\u{0}", "binary format"), ("bs64\tAAA", "base64"),
      ("\u{4}\u{22}M\u{18}", "lz4"), ("PK\u{3}\u{4}", "zip"),
      ("", "empty"), ("sepal,petal\n1,2", "known format"), ("[1,2]", "known"),
    ])
  func otherFormats(start: String, name: String) throws {
    let bytes = start.unicodeScalars.map { UInt8($0.value) }
    let error = try #require(throws: ModelFormatError.self) { try TreeModel.read(bytes) }
    #expect(error.code == .unknownFormat)
    #expect(error.message.contains(name))
  }

  @Test(
    "JSON that is no model is refused as such", arguments: ["{}", "{\"a\": [1, {\"b\": null}]}"])
  func otherJSON(text: String) throws {
    let error = try #require(throws: ModelFormatError.self) { try TreeModel.read(Array(text.utf8)) }
    #expect(error.code == .unknownFormat)
    #expect(error.message.contains("learner"))
  }

  @Test("White space around the JSON of a model does no harm")
  func whiteSpace() throws {
    let bytes = try Fixture(name: "xgboost/3.4.1/reg-gamma").bytes("json")
    let object = try JSONSerialization.jsonObject(with: Data(bytes))
    let pretty = try JSONSerialization.data(withJSONObject: object, options: .prettyPrinted)
    let model = try TreeModel.read(Array("\n ".utf8) + Array(pretty))
    #expect(try model.soleForest().trees == TreeModel.read(bytes).soleForest().trees)
  }

  @Test(
    "What is no readable file is refused", arguments: ["/nowhere/model.json", "/dev/null", "/"])
  func unreadable(path: String) throws {
    let error = try #require(throws: ModelFormatError.self) { try TreeModel.read(contentsOf: path) }
    #expect(error.code == .unreadable)
    #expect(error.description.hasPrefix(path + ": "))
  }

  @Test("A file over the limit is refused before it is read")
  func tooLarge() throws {
    let path = Fixture(name: "xgboost/3.4.1/reg-gamma").path("json")
    let error = try #require(throws: ModelFormatError.self) {
      try ModelFile.bytes(at: path, maximumSize: 1000)
    }
    #expect(error.code == .tooLarge)
  }
}
