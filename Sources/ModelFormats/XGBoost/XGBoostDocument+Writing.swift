import Forest

extension XGBoostDocument {
  func written<Writer: DocumentWriter>(by writer: Writer) -> [UInt8] {
    var writer = writer
    writer.object { writer in
      writer.member("learner") { learner(&$0) }
      writer.key("version")
      writer.array(Self.version.count) { $1.integer(Self.version[$0]) }
    }
    return writer.bytes
  }

  private func learner(_ writer: inout some DocumentWriter) {
    let isNamed = model.features.enumerated().contains { $1.name != "f\($0)" }
    let isTyped = model.features.contains { $0.type != .float }
    writer.member("attributes") { writer in
      // The mark of an estimator is left out: its trees behind the best round are gone already.
      if let round = model.bestIteration, round < rounds.count - 1 {
        writer.member("best_iteration", round)
      }
    }
    writer.member("feature_names", isNamed || isTyped ? model.features.map(\.name) : [])
    writer.member("feature_types", isTyped ? model.features.map(type) : [])
    writer.member("gradient_booster") { booster(&$0) }
    writer.member("learner_model_param") { writer in
      let isMulticlass = objective.task == .multiclass
      writer.member(
        "base_score", "[" + baseScores.map { "\($0)" }.joined(separator: ",") + "]")
      writer.member("boost_from_average", "1")
      writer.member("num_class", isMulticlass ? model.ensemble.outputCount : 0)
      writer.member("num_feature", model.ensemble.featureCount)
      writer.member("num_target", isMulticlass ? 1 : model.ensemble.outputCount)
    }
    writer.member("objective") { writer in
      writer.member("name", objective.name)
      if let parameters = objective.parameters(outputCount: model.ensemble.outputCount) {
        writer.member(parameters.name) { writer in
          for (key, value) in parameters.values { writer.member(key, value) }
        }
      }
    }
  }

  private func type(_ feature: Feature) -> String {
    switch feature.type {
    case .float: "float"
    case .int: "int"
    case .categorical: "c"
    }
  }

  private func booster(_ writer: inout some DocumentWriter) {
    guard case .forest(let forest) = model.ensemble else {
      writer.member("model") { writer in
        writer.key("boosted_rounds")
        writer.integer(1)
        writer.member("weights", linearWeights)
      }
      writer.member("name", "gblinear")
      return
    }
    writer.member("model") { writer in
      writer.member("cats") { writer in
        writer.member("enc", [String]())
        writer.member("feature_segments", [Int32]())
        writer.member("sorted_idx", [Int32]())
      }
      writer.member("gbtree_model_param") { writer in
        writer.member("num_parallel_tree", 1)
        writer.member("num_trees", forest.trees.count)
      }
      writer.key("iteration_indptr")
      let starts = rounds + [forest.trees.count]
      writer.array(starts.count) { $1.integer(starts[$0]) }
      writer.key("tree_info")
      writer.array(forest.trees.count) { $1.integer(forest.trees[$0].output) }
      writer.key("trees")
      writer.array(forest.trees.count) { index, writer in
        XGBoostTreeWriter(forest, tree: index).write(&writer)
      }
    }
    writer.member("name", "gbtree")
  }

  private var linearWeights: [Float] {
    guard case .linear(let linear) = model.ensemble else { return [] }
    return linear.weights.map { Float($0) } + linear.biases.map { Float($0) }
  }

  /// The first tree of each round: where the outputs start again.
  private var rounds: [Int] {
    guard let trees = model.forest?.trees else { return [] }
    return trees.indices.filter { index in
      index == 0 || model.ensemble.outputCount == 1
        || trees[index].width > 1 || trees[index].output < trees[index - 1].output
    }
  }
}
