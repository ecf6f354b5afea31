import Forest
import Foundation
import Testing
import Training

@Suite("XGBoost trains a model")
struct TrainerTests {
  @Test("of Iris that knows its features, tells the kinds apart and carries examples")
  func iris() throws {
    var reports: [RoundReport] = []
    let model = try train(BundledTable.iris.table(), rounds: 100) { reports.append($0) }
    let file = try ModelFile(model)
    #expect(file.trees.count == 300)
    #expect(file.learner.feature_names == model.features.map(\.name))
    #expect(reports.map(\.round) == Array(1...100))
    #expect(
      reports[0].evaluations.map { "\($0.part) \($0.metric)" }
        == ["training mlogloss", "validation mlogloss"])
    #expect(reports[99].evaluations[0].value < 0.05)
    #expect(try #require(model.metrics["validation_accuracy"]) > 0.7)
    #expect(try #require(model.metrics["test_accuracy"]) > 0.8)
    #expect(model.parameters["num_class"] == "3")
    #expect(model.parameters["nthread"] == "1")
    #expect(model.features[0].minimum == 4.3 && model.features[0].maximum == 7.9)
    #expect(model.examples.count == Trainer.exampleCount)
    for example in model.examples {
      #expect(example.row.count == 4)
      #expect(abs(example.prediction.reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test("with examples from every class, none of them trained on")
  func examples() throws {
    let iris = try BundledTable.iris.table()
    let model = try train(iris)
    let split = DataSplit(classes: try Target(iris).classes, fractions: .usual, seed: 7)
    let tested = split.test.map { iris.features(ofRows: [$0]) }
    let kinds = model.examples.map { example in
      tested.firstIndex(of: example.row.map { $0 ?? .nan }).map { split.test[$0] / 50 }
    }
    #expect(kinds == [0, 0, 1, 1, 2, 2])
  }

  @Test("the same to the last byte for the same seed")
  func reproducible() throws {
    let iris = try BundledTable.iris.table()
    let models = try [7, 7, 8].map { seed in
      try train(iris, parameters: ["subsample=0.5"], seed: seed)
    }
    #expect(models[0].json == models[1].json)
    #expect(models[0].json != models[2].json)
  }

  @Test("with its parameters unchanged")
  func parameters() throws {
    let given = [
      "max_depth=1", "eta=0.1", "reg_lambda=2", "nthread=2", "seed=3", "eval_metric=merror",
      "eval_metric=mlogloss",
    ]
    var metrics: [String] = []
    let model = try train(BundledTable.iris.table(), rounds: 2, parameters: given) {
      metrics = $0.evaluations.map(\.metric)
    }
    #expect(metrics == ["merror", "mlogloss", "merror", "mlogloss"])
    #expect(
      model.parameters == [
        "objective": "multi:softprob", "num_class": "3", "max_depth": "1", "eta": "0.1",
        "reg_lambda": "2", "nthread": "2", "seed": "3", "eval_metric": "merror,mlogloss",
      ])
  }

  @Test(
    "or names the parameter that it does not know",
    arguments: [
      ["max_dept=4"], ["max_depth=4", "max_dept=4"], ["max_dept=4", "verbosity=0"],
    ])
  func unknownParameter(parameters: [String]) throws {
    let error = try #require(throws: XGBoostError.self) {
      try train(BundledTable.iris.table(), parameters: parameters)
    }
    #expect(error.code == .unknownParameter)
    #expect(error.message.contains("does not know the parameter max_dept, or has no use for it"))
  }

  @Test(
    "or says in one line what is wrong with a value",
    arguments: [
      ("max_depth=deep", "Invalid Parameter format for max_depth expect int but value='deep'"),
      ("max_depth=-4", "value -4 for Parameter max_depth should be greater equal to 0"),
      ("eval_metric=beauty", "Unknown metric function beauty"),
      ("booster=rocket", "Unknown gbm type rocket"),
      ("tree_method=fast", "Invalid Input: 'fast', valid values are"),
      ("max depth=4", "Invalid parameter \"max depth\" contains whitespace."),
    ])
  func wrongValue(parameter: String, message: String) throws {
    let error = try #require(throws: XGBoostError.self) {
      try train(BundledTable.iris.table(), parameters: [parameter])
    }
    #expect(error.code == .libraryFailure)
    #expect(error.message.contains(message))
    #expect(!error.message.contains("\n") && !error.message.contains("Stack trace"))
  }

  @Test("that ends at its best round when told to stop early")
  func earlyStopping() throws {
    let noisy = try noisyTable()
    var losses: [Double] = []
    let stopped = try train(noisy, rounds: 200, earlyStoppingRounds: 5) {
      losses.append($0.evaluations.last!.value)
    }
    #expect(stopped.rounds < 100)
    #expect(losses.count == stopped.rounds + 5)
    #expect(losses.firstIndex(of: losses.min()!) == stopped.rounds - 1)
    #expect(try ModelFile(stopped).trees.count == stopped.rounds)
    // Every reader sees the best round: nothing in the file is left of the later ones.
    let exact = try train(noisy, rounds: stopped.rounds)
    #expect(stopped.json == exact.json)
    #expect(stopped.examples == exact.examples)
  }

  @Test("or stops late for a metric that is better when larger")
  func maximised() throws {
    var values: [Double] = []
    let model = try train(
      noisyTable(), rounds: 200, parameters: ["eval_metric=auc"], earlyStoppingRounds: 5
    ) { values.append($0.evaluations.last!.value) }
    #expect(values.firstIndex(of: values.max()!) == model.rounds - 1)
  }

  @Test("of texts, as categories")
  func categories() throws {
    let model = try train(colouredTable(), rounds: 50)
    #expect(model.features[0].categories == ["dark, blue", "green", "red"])
    #expect(model.features.map(\.type) == [.categorical, .float])
    #expect(model.parameters["tree_method"] == "hist")
    let file = try ModelFile(model)
    #expect(file.learner.feature_types == ["c", "float"])
    #expect(file.trees.contains { !$0.categories.isEmpty })
    #expect(try #require(model.metrics["test_rmse"]) < 0.2)
    #expect(model.examples.contains { $0.row.contains(nil) })
  }

  @Test(
    "of every kind of answer",
    arguments: [
      ("binary:logistic", 1, "accuracy"), ("binary:logitraw", 1, "accuracy"),
      ("binary:hinge", 1, "accuracy"), ("multi:softprob", 2, "accuracy"),
      ("multi:softmax", 2, "accuracy"),
    ])
  func objectives(objective: String, width: Int, metric: String) throws {
    let model = try train(noisyTable(), objective: objective)
    #expect(model.examples.allSatisfy { $0.prediction.count == width })
    #expect(try #require(model.metrics["test_\(metric)"]) > 0.6)
  }

  @Test("without validation and test")
  func trainingOnly() throws {
    let all = try #require(DataSplit.Fractions(training: 1, validation: 0, test: 0))
    let model = try train(BundledTable.iris.table(), fractions: all)
    #expect(model.metrics.isEmpty)
    #expect(model.examples.count == Trainer.exampleCount)
  }

  @Test(
    "but refuses what cannot work",
    arguments: [
      (["booster=gblinear"], 10, nil, "only trees can be served"),
      (["booster=dart"], 10, 3, "early stopping does not go with booster=dart"),
      ([], 0, nil, "rounds must be 1 to 1000000"),
    ] as [([String], Int, Int?, String)])
  func refused(parameters: [String], rounds: Int, patience: Int?, message: String) throws {
    let error = try #require(throws: XGBoostError.self) {
      try train(
        BundledTable.iris.table(), rounds: rounds, parameters: parameters,
        earlyStoppingRounds: patience)
    }
    #expect(error.code == .invalidRequest)
    #expect(error.message.contains(message))
  }
}
