import Forest

extension ScikitLearnModel {
  /// The estimators with the columns and classes that each knows.
  func partsWithColumns() throws -> [Part] {
    var parts = try parts()
    if let columns = fields["estimators_features_"].flatMap(graph.elements) {
      guard columns.count == parts.count else {
        throw ModelFormatError(.malformed, "expected \(parts.count) elements")
          .inside("estimators_features_")
      }
      for (index, column) in columns.enumerated() {
        guard case .array(let array) = graph[column], let numbers = array.integers() else {
          throw ModelFormatError(.malformed, "expected whole numbers")
            .inside("estimators_features_[\(index)]")
        }
        parts[index].columns = numbers
      }
    }
    return parts
  }

  /// `BaggingClassifier` and `BaggingRegressor`: the mean of estimators that each saw some rows and
  /// columns.
  func bagging(_ reader: inout EstimatorReader) throws -> TreeModel {
    var parts = try partsWithColumns()
    let classCount = object.kind.isClassifier ? try self.classCount() : 1
    if object.kind.isClassifier {
      for (index, part) in parts.enumerated() {
        let classes = try PickleFields(part.object, in: graph).array("classes_")?.integers()
        guard let classes, classes != Array(0..<classCount) else { continue }
        guard classes.allSatisfy({ 0..<classCount ~= $0 }) else {
          throw ModelFormatError(.malformed, "a class is none of the \(classCount)")
            .inside(part.path + ".classes_")
        }
        parts[index].classes = classes
      }
    }
    if parts.allSatisfy(\.object.kind.isTree) {
      return try model(mean(of: parts, classCount: classCount, &reader))
    }
    let featureCount = try featureCount()
    var members: [Combination.Member] = []
    for part in parts {
      guard part.classes == nil else {
        throw ModelFormatError(
          .unsupported, "an estimator that did not see all classes is read only if it is a tree"
        ).inside(part.path)
      }
      let member = try reader.member(part)
      let columns = part.columns ?? Array(0..<featureCount)
      let selection = Preprocessing.Stage.columns(columns.map { Preprocessing.Column($0) })
      members.append(
        Combination.Member(
          member.ensemble,
          preprocessing: try Preprocessing(
            columnCount: featureCount, stages: [selection] + (member.preprocessing?.stages ?? [])),
          reading: .predictions))
    }
    return try combined(
      members, rule: .mean, classCount: classCount, featureCount: featureCount,
      labels: object.kind.isClassifier
        ? PickledLabels.labels(of: fields, count: classCount) : nil)
  }

  /// `VotingClassifier` and `VotingRegressor`.
  func voting(_ reader: inout EstimatorReader) throws -> TreeModel {
    let parts = try parts()
    let isHard =
      object.kind.isClassifier && fields["voting"].flatMap(graph.text) ?? "hard" == "hard"
    let weights = try votingWeights(parts.count)
    let classCount = object.kind.isClassifier ? try self.classCount() : 1
    var members: [Combination.Member] = []
    var first: TreeModel?
    for (part, weight) in zip(parts, weights) {
      let member = try reader.member(part)
      members.append(
        Combination.Member(
          member.ensemble, preprocessing: member.preprocessing,
          reading: isHard ? .votes : .predictions, weight: weight))
      first = first ?? member
    }
    guard let first else { throw ModelFormatError(.malformed, "there are no estimators") }
    let labels =
      object.kind.isClassifier ? try PickledLabels.labels(of: fields, count: classCount) : nil
    let featureCount = first.preprocessing?.columnCount ?? first.ensemble.featureCount
    guard isHard else {
      return try combined(
        members, rule: .mean, classCount: classCount, featureCount: featureCount, labels: labels)
    }
    // Of two classes the second wins with more than half of the votes.
    let combination = try Combination(
      featureCount: featureCount,
      baseMargins: classCount == 2 ? [-0.5] : [Double](repeating: 0, count: classCount),
      members: members, rule: classCount == 2 ? .mean : .sum,
      objective: Objective(
        name: "voting", task: classCount == 2 ? .binary : .multiclass, link: .identity))
    return try model(.combination(combination), labels: labels)
  }

  /// The weights of the estimators that were not dropped.
  private func votingWeights(_ count: Int) throws -> [Double] {
    guard let weights = fields["weights"] else { return [Double](repeating: 1, count: count) }
    var numbers = graph.elements(weights)?.compactMap(graph.number) ?? []
    if case .array(let array) = graph[weights] { numbers = array.doubles() ?? numbers }
    let names = fields["estimators"].flatMap(graph.elements) ?? []
    if numbers.count == names.count {
      numbers = zip(numbers, names).filter { _, pair in
        let estimator = graph.tuple(pair).flatMap { $0.count == 2 ? $0[1] : nil }
        return estimator.map { $0 != .none && graph.text($0) != "drop" } ?? true
      }.map(\.0)
    }
    guard numbers.count == count else {
      throw ModelFormatError(.malformed, "expected \(count) weights").inside("weights")
    }
    return numbers
  }

  /// The mean or sum of predictions: one forest where all members are means of trees.
  private func combined(
    _ members: [Combination.Member], rule: Combination.Rule, classCount: Int, featureCount: Int,
    labels: ClassLabels?
  ) throws -> TreeModel {
    if classCount > 1,
      !members.allSatisfy({ $0.ensemble.objective.link.givesProbabilities })
    {
      throw ModelFormatError(.unsupported, "an estimator gives no probabilities")
        .inside("estimators_")
    }
    let objective = Objective(
      name: "mean", task: classCount == 1 ? .regression : classCount == 2 ? .binary : .multiclass,
      link: classCount == 1 ? .identity : .float64(.probability))
    if let forest = try Self.forest(of: members, objective: objective) {
      return try model(.forest(forest), labels: labels)
    }
    let outputs = members[0].ensemble.outputCount
    let combination = try Combination(
      featureCount: featureCount, baseMargins: [Double](repeating: 0, count: outputs),
      members: members, rule: rule, objective: objective)
    return try model(.combination(combination), labels: labels)
  }

  /// The weighted mean of forests that are means themselves, as one forest.
  private static func forest(
    of members: [Combination.Member], objective: Objective
  ) throws -> Forest? {
    let sum = members.reduce(0) { $0 + $1.weight }
    var trees: [Tree] = []
    guard case .forest(let first)? = members.first?.ensemble, sum != 0, sum.isFinite else {
      return nil
    }
    for member in members {
      guard case .forest(let forest) = member.ensemble, member.preprocessing == nil,
        forest.summation == .mean, forest.featureCount == first.featureCount,
        forest.outputCount == first.outputCount,
        forest.objective.link == .identity || forest.objective.link == .float64(.probability)
      else { return nil }
      let scale = member.weight / sum / Double(forest.trees.count)
      trees += forest.trees.map { tree in
        tree.changed(width: tree.width) { $1.map { $0 * scale } }
      }
    }
    return try Forest(
      featureCount: first.featureCount, baseMargins: first.baseMargins, trees: trees,
      objective: objective, summation: .float64)
  }
}

extension EstimatorReader {
  /// The model of an estimator within another.
  mutating func member(_ part: ScikitLearnModel.Part) throws -> TreeModel {
    do {
      let member = try model(part.object)
      guard member.features.allSatisfy({ $0.categories == nil }) else {
        throw ModelFormatError(
          .unsupported, "categories of text within an ensemble are not supported",
          remedy: "encode them ahead of it")
      }
      return member
    } catch {
      throw ModelFormatError(wrapping: error).inside(part.path)
    }
  }
}
