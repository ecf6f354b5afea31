import Forest

extension XGBoostModel {
  /// Makes a forest of the fields.
  func treeModel(format: ModelFormat) throws -> TreeModel {
    let objective = try XGBoostObjective(
      required(self.objective, "learner.objective.name"), version: version)
    let ensemble: Ensemble
    switch booster ?? "gbtree" {
    case "gbtree", "dart": ensemble = .forest(try forest(objective))
    case "gblinear": ensemble = .linear(try linearModel(objective))
    case let booster:
      throw ModelFormatError(
        .unsupported, "the booster \(booster.quoted) is not supported",
        remedy: "train with booster=gbtree, dart or gblinear"
      ).inside("learner.gradient_booster.name")
    }
    var model = TreeModel(
      ensemble, answers: answersClasses ? .classes : .values, format: format, library: "xgboost",
      libraryVersion: version.isEmpty ? nil : version.map(String.init).joined(separator: "."),
      features: try features(
        count: ensemble.featureCount, trees: ensemble.forests.flatMap(\.trees)),
      bestIteration: bestIteration)
    model.featureGains = featureGains.isEmpty ? nil : featureGains
    return model
  }

  private func forest(_ objective: XGBoostObjective) throws -> Forest {
    let trees = try required(self.trees, "learner.gradient_booster.model.trees")
    let outputCount = try outputCount(trees)
    return try Forest(
      featureCount: checkedFeatureCount(),
      baseMargins: baseMargins(objective, outputCount: outputCount),
      trees: weighted(trees).prefix(usedTreeCount(trees.count, outputCount: outputCount))
        .enumerated().map {
          Tree(
            output: Int(treeOutputs[$0]), nodes: $1.nodes, leaves: $1.leaves, covers: $1.covers)
        },
      objective: objective.objective(outputCount: outputCount, version: version))
  }

  /// The linear booster, whose sums start from the bias plus the base margin.
  private func linearModel(_ objective: XGBoostObjective) throws -> LinearModel {
    let weights = try required(linearWeights, "learner.gradient_booster.model.weights")
    let featureCount = try checkedFeatureCount()
    let outputCount = try checkedOutputCount()
    guard (featureCount + 1).multipliedReportingOverflow(by: outputCount) == (weights.count, false)
    else {
      throw ModelFormatError(
        .malformed,
        "there are \(weights.count) weights for \(featureCount) features and a bias,"
          + " of \(outputCount) outputs"
      ).inside("learner.gradient_booster.model.weights")
    }
    let margins = try baseMargins(objective, outputCount: outputCount)
    do {
      return try LinearModel(
        featureCount: featureCount,
        weights: weights.dropLast(outputCount).map(Double.init),
        biases: zip(weights.suffix(outputCount), margins).map { Double($0 + $1) },
        objective: objective.objective(outputCount: outputCount, version: version),
        isFloat32: true, skipsMissing: true)
    } catch {
      throw ModelFormatError(.malformed, error.description)
        .inside("learner.gradient_booster.model.weights")
    }
  }

  private func required<Value>(_ value: Value?, _ path: String) throws -> Value {
    guard let value else {
      throw ModelFormatError(
        .malformed, "this field is missing",
        remedy: "save the model with save_model, which writes all of it"
      ).inside(path)
    }
    return value
  }

  /// The number of margins, which is checked against the trees before anything of its size is made.
  private func outputCount(_ trees: [XGBoostTree]) throws -> Int {
    let count = try checkedOutputCount()
    guard treeOutputs.count == trees.count else {
      throw ModelFormatError(
        .malformed,
        "there are \(trees.count) trees, but tree_info has \(treeOutputs.count) elements"
      ).inside("learner.gradient_booster.model")
    }
    let sourceCount = trees.reduce(0) { $0 + ($1.leaves?.width ?? 1) }
    guard count == 1 || count <= sourceCount else {
      throw ModelFormatError(
        .malformed, "\(count) outputs cannot come from \(trees.count) trees"
      ).inside("learner.learner_model_param")
    }
    return count
  }

  private func checkedOutputCount() throws -> Int {
    guard classCount >= 0, targetCount >= 0, classCount <= 1 || targetCount <= 1 else {
      throw ModelFormatError(
        .malformed, "\(classCount) classes and \(targetCount) targets contradict each other"
      ).inside("learner.learner_model_param")
    }
    return max(classCount, targetCount, 1)
  }

  private func checkedFeatureCount() throws -> Int {
    let count = try required(featureCount, "learner.learner_model_param.num_feature")
    guard 0...ModelFormat.maximumFeatureCount ~= count else {
      throw ModelFormatError(
        .tooLarge, "\(count) features are not between 0 and \(ModelFormat.maximumFeatureCount)"
      ).inside("learner.learner_model_param.num_feature")
    }
    return count
  }

  private func baseMargins(_ objective: XGBoostObjective, outputCount: Int) throws -> [Float] {
    let scores = try required(baseScores, "learner.learner_model_param.base_score")
    do {
      guard scores.count == 1 || scores.count == outputCount else {
        throw ModelFormatError(
          .malformed, "\(scores.count) base scores for \(outputCount) outputs")
      }
      let clamps = !version.lexicographicallyPrecedes([3, 2])
      let margins = try scores.map {
        baseScoreIsMargin ? $0 : try objective.baseMargin($0, clampsProbabilities: clamps)
      }
      return objective.baseMargins(
        margins.count == 1 ? Array(repeating: margins[0], count: outputCount) : margins)
    } catch {
      throw ModelFormatError(wrapping: error).inside("learner.learner_model_param.base_score")
    }
  }

  /// The trees with dart's weights in their leaves.
  ///
  /// XGBoost multiplies each leaf by its tree's weight before it adds it, in float32, so that doing
  /// it once gives the same bits.
  private func weighted(_ trees: [XGBoostTree]) throws -> [XGBoostTree] {
    guard !treeWeights.isEmpty else { return trees }
    guard treeWeights.count <= trees.count else {
      throw ModelFormatError(
        .malformed, "there are \(trees.count) trees, but \(treeWeights.count) weights"
      ).inside("learner.gradient_booster.weight_drop")
    }
    var trees = trees
    for (index, weight) in treeWeights.enumerated() {
      for position in trees[index].nodes.indices {
        if case .leaf(let value) = trees[index].nodes[position] {
          trees[index].nodes[position] = .leaf(value * weight)
        }
      }
      if let leaves = trees[index].leaves {
        trees[index].leaves = LeafTable(
          width: leaves.width, values: leaves.values.map { Double(Float($0) * weight) })
      }
    }
    return trees
  }

  /// The number of trees that the library's `predict` uses.
  ///
  /// XGBoost's scikit-learn classes stop at the best round, `Booster.predict` does not; which of
  /// them saved the model is told by an attribute of theirs.
  private func usedTreeCount(_ treeCount: Int, outputCount: Int) throws -> Int {
    guard isFromScikitLearn, let bestIteration else { return treeCount }
    let round = bestIteration.addingReportingOverflow(1)
    let end: Int?
    if roundStarts.isEmpty, let bestTreeLimit {
      let trees = bestTreeLimit.multipliedReportingOverflow(by: outputCount)
      end = trees.overflow ? nil : trees.partialValue
    } else if roundStarts.isEmpty {
      let product = parallelTreeCount.multipliedReportingOverflow(by: outputCount)
      let trees = round.partialValue.multipliedReportingOverflow(by: product.partialValue)
      end = product.overflow || trees.overflow ? nil : trees.partialValue
    } else {
      end =
        roundStarts.indices.contains(round.partialValue)
        ? Int(roundStarts[round.partialValue]) : nil
    }
    guard !round.overflow, let end, 1...max(1, treeCount) ~= end else {
      throw ModelFormatError(.malformed, "round \(bestIteration) lies outside the trees")
        .inside("learner.attributes.best_iteration")
    }
    return end
  }
}
