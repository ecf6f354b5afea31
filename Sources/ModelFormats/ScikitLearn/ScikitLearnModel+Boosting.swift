import Forest

extension ScikitLearnModel {
  /// `GradientBoostingClassifier` and `GradientBoostingRegressor`: an estimator to start from, plus
  /// the values of the trees times the learning rate.
  func boosting(_ reader: inout EstimatorReader) throws -> TreeModel {
    let loss = objectiveName
    let classCount = object.kind.isClassifier ? try self.classCount() : 1
    let outputCount = classCount > 2 ? classCount : 1
    let rate = try fields.optional("learning_rate", PickleGraph.number, "a number") ?? 0.1
    let parts = try parts()
    guard parts.count % outputCount == 0 else {
      throw ModelFormatError(
        .malformed, "\(parts.count) trees are no whole number of rounds of \(outputCount)"
      ).inside("estimators_")
    }
    let start = try start(loss: loss, outputCount: outputCount, &reader)
    let base = start.numbers.map { Float($0) }
    guard base.allSatisfy(\.isFinite) else {
      throw ModelFormatError(.malformed, "the prior is not a finite number").inside("init_")
    }
    var trees: [Tree] = []
    for (index, part) in parts.enumerated() {
      do {
        let tree = try tree(of: part.object, &reader)
        guard tree.outputCount == 1, tree.valueCount == 1 else {
          throw ModelFormatError(.malformed, "a tree of a boosting has one value a leaf")
        }
        let output = index % outputCount
        // What float32 leaves of the prior is added with the first leaf.
        let rest = index < outputCount ? start.numbers[output] - Double(base[output]) : 0
        trees.append(
          try tree.tree(output: output, width: 1) { [rest + rate * $1[$1.startIndex]] })
      } catch {
        throw ModelFormatError(wrapping: error).inside(part.path + ".tree_")
      }
    }
    let objective = try boostingObjective(loss: loss, classCount: classCount)
    let labels =
      classCount > 1 ? try PickledLabels.labels(of: fields, count: classCount) : nil
    let forest = try forest(
      ScikitLearnParts(
        baseMargins: base, trees: trees, objective: objective, summation: .float64),
      featureCount: featureCount())
    guard let first = start.member else { return try model(.forest(forest), labels: labels) }
    let combination = try Combination(
      featureCount: forest.featureCount, baseMargins: base.map { _ in 0 },
      members: [first, Combination.Member(.forest(forest), reading: .margins)], rule: .sum,
      objective: objective)
    return try model(.combination(combination), labels: labels)
  }

  /// The number of classes of a classifier.
  func classCount() throws -> Int {
    guard let classes = fields["classes_"], case .array(let array) = graph[classes],
      array.shape.count == 1, array.count > 1
    else {
      throw ModelFormatError(.malformed, "expected two classes or more").inside("classes_")
    }
    return array.count
  }

  private func boostingObjective(loss: String, classCount: Int) throws -> Objective {
    let link: Link
    switch (loss, object.kind.isClassifier) {
    case ("deviance", true), ("log_loss", true):
      link = classCount == 2 ? .float64(.logistic(scale: 1)) : .float64(.softmax)
    case ("exponential", true) where classCount == 2: link = .float64(.logistic(scale: 2))
    case (_, false): link = .identity
    default:
      throw ModelFormatError(.unsupported, "the loss \(loss.quoted) is not known").inside("loss")
    }
    return Objective(
      name: loss, task: classCount == 1 ? .regression : classCount == 2 ? .binary : .multiclass,
      link: link)
  }

  /// Where the sums start: at numbers, or at what another estimator answers.
  private func start(
    loss: String, outputCount: Int, _ reader: inout EstimatorReader
  ) throws -> (numbers: [Double], member: Combination.Member?) {
    let zeros = [Double](repeating: 0, count: outputCount)
    guard let value = fields["init_"], graph.text(value) != "zero",
      fields["init"].flatMap(graph.text) != "zero"
    else { return (zeros, nil) }
    guard case .object(let estimator) = graph[value] else {
      throw ModelFormatError(.malformed, "expected an estimator").inside("init_")
    }
    let prior = try PickleFields(estimator, in: graph)
    func number(_ name: String) throws -> [Double] {
      guard let number = prior[name].flatMap(graph.number) else {
        throw ModelFormatError(.malformed, "expected a number").inside("init_.\(name)")
      }
      return [Double](repeating: number, count: outputCount)
    }
    let scale = loss == "exponential" ? 0.5 : 1
    // Since 1.4 the margins of several classes have the mean 0; the bound changed later.
    let bound = isBefore(1, 8) ? Double(Float.ulpOfOne) : Double.ulpOfOne
    switch estimator.kind {
    case .zeroEstimator: return (zeros, nil)
    case .meanEstimator: return (try number("mean"), nil)
    case .quantileEstimator: return (try number("quantile"), nil)
    case .logOddsEstimator, .scaledLogOddsEstimator: return (try number("prior"), nil)
    case .dummyRegressor: return (try number("constant_"), nil)
    case .priorProbabilityEstimator:
      guard let priors = prior.array("priors")?.doubles(), priors.count == outputCount else {
        throw ModelFormatError(.malformed, "expected a prior a class").inside("init_.priors")
      }
      return (priors, nil)
    case .dummyClassifier:
      guard let shares = prior.array("class_prior_")?.doubles(),
        shares.count == max(2, outputCount)
      else {
        throw ModelFormatError(.malformed, "expected a share a class").inside("init_.class_prior_")
      }
      let margins = ProbabilityMargins.margins(
        of: outputCount == 1 ? [shares[1]] : shares, bound: bound, isCentered: !isBefore(1, 4))
      return (margins.map { scale * $0 }, nil)
    default: break
    }
    guard !version.isEmpty, !isBefore(0, 21) else {
      throw ModelFormatError(
        .unsupported, "before scikit-learn 0.21 boosting cannot start from another estimator"
      ).inside("init_")
    }
    let model = try reader.model(value, at: "init_")
    return (
      zeros,
      Combination.Member(
        model.ensemble, preprocessing: model.preprocessing,
        reading: object.kind.isClassifier
          ? .logarithms(bound: bound, isCentered: !isBefore(1, 4)) : .predictions, weight: scale)
    )
  }
}
