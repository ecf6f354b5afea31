import Forest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ScikitLearnModel {
  /// `AdaBoostClassifier`. Over decision trees it is one forest, since what a tree adds depends on its
  /// leaf alone. The margins are those of `decision_function`.
  func adaBoostClassifier(_ reader: inout EstimatorReader) throws -> TreeModel {
    let classCount = try classCount()
    let parts = try parts()
    let usesShares = fields["algorithm"].flatMap(graph.text) == "SAMME.R"
    let weights = try estimatorWeights(parts.count)
    let sum = usesShares ? Double(weights.count) : weights.reduce(0, +)
    guard sum > 0, sum.isFinite else {
      throw ModelFormatError(.malformed, "the weights have no sum").inside("estimator_weights_")
    }
    let link: Link
    if !usesShares, isBefore(0, 22) {
      // Its probabilities did not come from the votes, and contradicted them.
      link = .identity
    } else {
      link = .float64(
        classCount == 2 ? .logistic(scale: 1) : .scaledSoftmax(scale: 1 / Double(classCount - 1)))
    }
    let objective = Objective(
      name: "AdaBoost", task: classCount == 2 ? .binary : .multiclass, link: link)
    let labels = try PickledLabels.labels(of: fields, count: classCount)
    guard parts.allSatisfy(\.object.kind.isTree) else {
      let members = try parts.map { try reader.member($0) }
      let combination = try votes(
        of: members, weights: weights.map { $0 / sum }, usesShares: usesShares,
        classCount: classCount, objective: objective)
      return try model(.combination(combination), labels: labels)
    }
    var trees: [Tree] = []
    for (index, part) in parts.enumerated() {
      do {
        let tree = try tree(of: part.object, &reader)
        guard tree.outputCount == 1, tree.valueCount == classCount else {
          throw ModelFormatError(
            .malformed, "its classes are \(tree.valueCount), not \(classCount)")
        }
        trees.append(
          try tree.tree(width: classCount == 2 ? 1 : classCount) { _, values in
            let shares = shares(values)
            let votes =
              usesShares
              ? Self.realVotes(shares) : discreteVotes(shares).map { $0 * weights[index] }
            return classCount == 2
              ? [(votes[1] - votes[0]) / sum] : votes.map { $0 / sum }
          })
      } catch {
        throw ModelFormatError(wrapping: error).inside(part.path + ".tree_")
      }
    }
    return try model(
      ScikitLearnParts(
        baseMargins: [Float](repeating: 0, count: classCount == 2 ? 1 : classCount), trees: trees,
        objective: objective, summation: .float64, labels: labels))
  }

  /// What estimators other than trees vote, or the logarithms of the shares that they give.
  ///
  /// - Parameter weights: of the estimators, 1 in sum.
  private func votes(
    of members: [TreeModel], weights: [Double], usesShares: Bool, classCount: Int,
    objective: Objective
  ) throws -> Combination {
    let isBinary = classCount == 2
    let loss = usesShares ? 0 : discreteLoss(classCount)
    // Of two classes the margin is the difference of both votes.
    let scale = usesShares ? Double(classCount - 1) : (isBinary ? 2 : 1) * (1 - loss)
    let base = usesShares ? 0 : isBinary ? loss - 1 : loss
    if usesShares,
      !members.allSatisfy({
        $0.objective.task.isClassification && $0.objective.link.givesProbabilities
      })
    {
      throw ModelFormatError(.unsupported, "an estimator gives no probabilities")
        .inside("estimators_")
    }
    return try Combination(
      featureCount: featureCount(),
      baseMargins: [Double](repeating: base, count: isBinary ? 1 : classCount),
      members: zip(members, weights).map { member, weight in
        Combination.Member(
          member.ensemble, preprocessing: member.preprocessing,
          reading: usesShares ? .logarithms(bound: .ulpOfOne, isCentered: true) : .votes,
          weight: scale * (usesShares ? 1 / Double(members.count) : weight))
      },
      rule: .sum, objective: objective)
  }

  /// `AdaBoostRegressor`: the weighted median of what its estimators answer.
  ///
  /// Over decision trees it is a forest with an output a tree.
  func adaBoostRegressor(_ reader: inout EstimatorReader) throws -> TreeModel {
    let parts = try parts()
    let weights = try estimatorWeights(parts.count)
    let objective = Objective(name: objectiveName, task: .regression, link: .identity)
    guard parts.allSatisfy(\.object.kind.isTree) else {
      let members = try parts.map { part in
        let member = try reader.member(part)
        return Combination.Member(
          member.ensemble, preprocessing: member.preprocessing, reading: .predictions)
      }
      let combination = try Combination(
        featureCount: featureCount(), baseMargins: [0], members: members,
        rule: .median(weights: weights), objective: objective)
      return try model(.combination(combination))
    }
    var trees: [Tree] = []
    for (index, part) in parts.enumerated() {
      do {
        let tree = try tree(of: part.object, &reader)
        guard tree.outputCount == 1, tree.valueCount == 1 else {
          throw ModelFormatError(.malformed, "a tree has several values a leaf")
        }
        trees.append(try tree.tree(output: index, width: 1) { Array($1) })
      } catch {
        throw ModelFormatError(wrapping: error).inside(part.path + ".tree_")
      }
    }
    let forest = try forest(
      ScikitLearnParts(
        baseMargins: [Float](repeating: 0, count: trees.count), trees: trees,
        objective: objective, summation: .float64),
      featureCount: featureCount())
    let combination = try Combination(
      featureCount: forest.featureCount, baseMargins: [0],
      members: [Combination.Member(.forest(forest), reading: .margins)],
      rule: .median(weights: weights), objective: objective)
    return try model(.combination(combination))
  }

  private func estimatorWeights(_ count: Int) throws -> [Double] {
    // The array was made for as many estimators as were asked for.
    guard let weights = fields.array("estimator_weights_")?.doubles(), weights.count >= count,
      weights.allSatisfy({ $0.isFinite && $0 >= 0 })
    else {
      throw ModelFormatError(.malformed, "expected \(count) weights").inside("estimator_weights_")
    }
    return Array(weights[..<count])
  }

  /// SAMME: the first class of the largest share has the vote.
  private func discreteVotes(_ shares: [Double]) -> [Double] {
    let best = shares.indices.reduce(0) { shares[$1] > shares[$0] ? $1 : $0 }
    return shares.indices.map { $0 == best ? 1 : discreteLoss(shares.count) }
  }

  /// What a vote takes from the other classes, since 1.3.
  private func discreteLoss(_ classCount: Int) -> Double {
    isBefore(1, 3) ? 0 : -1 / Double(classCount - 1)
  }

  /// SAMME.R: the logarithms of the shares, less their mean.
  private static func realVotes(_ shares: [Double]) -> [Double] {
    let logarithms = shares.map { log(max($0, Double.ulpOfOne)) }
    let mean = logarithms.reduce(0, +) / Double(shares.count)
    return logarithms.map { Double(shares.count - 1) * ($0 - mean) }
  }
}
