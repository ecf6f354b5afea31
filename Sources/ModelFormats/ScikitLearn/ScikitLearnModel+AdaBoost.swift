import Forest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ScikitLearnModel {
  /// `AdaBoostClassifier` over decision trees, as one forest: what a tree adds depends on its leaf
  /// alone. The margins are those of `decision_function`.
  func adaBoostClassifier(_ reader: inout EstimatorReader) throws -> TreeModel {
    let classCount = try classCount()
    let parts = try trees()
    let usesShares = fields["algorithm"].flatMap(graph.text) == "SAMME.R"
    let weights = try estimatorWeights(parts.count)
    let sum = usesShares ? Double(weights.count) : weights.reduce(0, +)
    guard sum > 0, sum.isFinite else {
      throw ModelFormatError(.malformed, "the weights have no sum").inside("estimator_weights_")
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
    let link: Link
    if !usesShares, isBefore(0, 22) {
      // Its probabilities did not come from the votes, and contradicted them.
      link = .identity
    } else {
      link = .float64(
        classCount == 2 ? .logistic(scale: 1) : .scaledSoftmax(scale: 1 / Double(classCount - 1)))
    }
    return try model(
      ScikitLearnParts(
        baseMargins: [Float](repeating: 0, count: classCount == 2 ? 1 : classCount), trees: trees,
        objective: Objective(
          name: "AdaBoost", task: classCount == 2 ? .binary : .multiclass, link: link),
        summation: .float64, labels: PickledLabels.labels(of: fields, count: classCount)))
  }

  /// `AdaBoostRegressor` over decision trees: the weighted median of what they answer.
  ///
  /// It is a forest with an output a tree.
  func adaBoostRegressor(_ reader: inout EstimatorReader) throws -> TreeModel {
    let parts = try trees()
    let weights = try estimatorWeights(parts.count)
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
    let objective = Objective(name: objectiveName, task: .regression, link: .identity)
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

  private func trees() throws -> [Part] {
    let parts = try parts()
    if let other = parts.first(where: { !$0.object.kind.isTree }) {
      throw ModelFormatError(
        .unsupported, "AdaBoost over \(other.object.kind.rawValue) is not supported",
        remedy: "only decision trees are"
      ).inside(other.path)
    }
    return parts
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

  /// SAMME: the first class of the largest share has the vote; since 1.3 the others lose by it.
  private func discreteVotes(_ shares: [Double]) -> [Double] {
    let best = shares.indices.reduce(0) { shares[$1] > shares[$0] ? $1 : $0 }
    let loss = isBefore(1, 3) ? 0 : -1 / Double(shares.count - 1)
    return shares.indices.map { $0 == best ? 1 : loss }
  }

  /// SAMME.R: the logarithms of the shares, less their mean.
  private static func realVotes(_ shares: [Double]) -> [Double] {
    let logarithms = shares.map { log(max($0, Double.ulpOfOne)) }
    let mean = logarithms.reduce(0, +) / Double(shares.count)
    return logarithms.map { Double(shares.count - 1) * ($0 - mean) }
  }
}
