import Forest

extension ScikitLearnModel {
  /// The estimators that an ensemble holds, with their places.
  func estimators() throws -> [(object: PickleObject, path: String)] {
    guard let elements = fields["estimators_"].flatMap(graph.elements), !elements.isEmpty else {
      throw ModelFormatError(
        .malformed, "there are no estimators", remedy: "fit the model before it is pickled"
      ).inside("estimators_")
    }
    return try elements.enumerated().map { index, element in
      guard case .object(let object) = graph[element] else {
        throw ModelFormatError(.malformed, "expected an estimator").inside("estimators_[\(index)]")
      }
      return (object, "estimators_[\(index)].")
    }
  }

  /// Reads the tree of a decision tree estimator.
  mutating func tree(of estimator: PickleObject) throws -> ScikitLearnTree {
    let fields = try PickleFields(estimator, in: graph)
    guard let tree = fields["tree_"], case .object(let tree) = graph[tree], tree.kind == .tree
    else {
      throw ModelFormatError(
        .malformed, "the estimator has no tree", remedy: "fit it before it is pickled",
        offset: estimator.offset)
    }
    return try ScikitLearnTree(tree, in: graph, budget: &budget)
  }

  /// A tree alone, or a forest that answers the mean of its trees.
  mutating func mean(
    of estimators: [(object: PickleObject, path: String)]
  ) throws -> ScikitLearnParts {
    let isClassifier = object.kind.isClassifier
    var trees: [Tree] = []
    var shape: (outputs: Int, values: Int)?
    for (estimator, path) in estimators {
      do {
        let tree = try tree(of: estimator)
        let found = (tree.outputCount, tree.valueCount)
        guard shape ?? found == found else {
          throw ModelFormatError(.malformed, "its values differ in number from those of others")
        }
        shape = found
        trees.append(try isClassifier ? shares(tree) : numbers(tree))
      } catch {
        throw ModelFormatError(wrapping: error).inside(path + "tree_")
      }
    }
    let (outputCount, valueCount) = shape ?? (1, 1)
    guard isClassifier else {
      return ScikitLearnParts(
        baseMargins: Array(repeating: 0, count: outputCount), trees: trees,
        objective: Objective(name: objectiveName, task: .regression, link: .identity),
        summation: .mean)
    }
    return ScikitLearnParts(
      baseMargins: Array(repeating: 0, count: valueCount == 2 ? 1 : valueCount), trees: trees,
      objective: Objective(
        name: objectiveName, task: valueCount == 2 ? .binary : .multiclass,
        link: .float64(.probability)),
      summation: .mean, labels: try PickledLabels.labels(of: fields, count: valueCount))
  }

  private var objectiveName: String {
    fields["criterion"].flatMap(graph.text) ?? "unknown"
  }

  /// A tree of a regressor: a value a target.
  private func numbers(_ tree: ScikitLearnTree) throws -> Tree {
    guard tree.valueCount == 1 else {
      throw ModelFormatError(.malformed, "a regressor has \(tree.valueCount) values a target")
    }
    return try tree.tree(width: tree.outputCount) { Array($1) }
  }

  /// A tree of a classifier: the share of each class, of two classes only that of the second.
  private func shares(_ tree: ScikitLearnTree) throws -> Tree {
    guard tree.outputCount == 1 else {
      throw ModelFormatError(
        .unsupported, "a classifier of \(tree.outputCount) outputs is not supported",
        remedy: "train one classifier an output")
    }
    guard tree.valueCount > 1 else {
      throw ModelFormatError(.unsupported, "the classifier knows one class only")
    }
    let isBinary = tree.valueCount == 2
    // Since 1.3 the leaves have shares, before that (weighted) numbers of rows.
    let hasCounts = isBefore(1, 3)
    return try tree.tree(width: isBinary ? 1 : tree.valueCount) { _, values in
      let sum = hasCounts ? values.reduce(0, +) : 1
      let shares = sum == 0 || sum == 1 ? Array(values) : values.map { $0 / sum }
      return isBinary ? [shares[1]] : shares
    }
  }
}
