import Forest

extension ScikitLearnModel {
  /// An estimator within another.
  struct Part {
    let object: PickleObject
    let path: String
    /// The columns that it reads, where those are not all in order.
    var columns: [Int]?
    /// The classes that it knows, as numbers of those of the whole, where it does not know all.
    var classes: [Int]?

    init(_ object: PickleObject, _ path: String) {
      self.object = object
      self.path = path
    }
  }

  /// The estimators that an ensemble holds, with their places.
  func parts() throws -> [Part] {
    guard let elements = fields["estimators_"].flatMap(graph.elements), !elements.isEmpty else {
      throw ModelFormatError(
        .malformed, "there are no estimators", remedy: "fit the model before it is pickled"
      ).inside("estimators_")
    }
    return try elements.enumerated().map { index, element in
      guard case .object(let object) = graph[element] else {
        throw ModelFormatError(.malformed, "expected an estimator").inside("estimators_[\(index)]")
      }
      return Part(object, "estimators_[\(index)]")
    }
  }

  /// Reads the tree of a decision tree estimator.
  func tree(
    of estimator: PickleObject, _ reader: inout EstimatorReader
  ) throws -> ScikitLearnTree {
    let fields = try PickleFields(estimator, in: graph)
    guard let tree = fields["tree_"], case .object(let tree) = graph[tree], tree.kind == .tree
    else {
      throw ModelFormatError(
        .malformed, "the estimator has no tree", remedy: "fit it before it is pickled",
        offset: estimator.offset)
    }
    return try ScikitLearnTree(tree, in: graph, budget: &reader.budget)
  }

  /// A tree alone, or a forest that answers the mean of its trees.
  ///
  /// - Parameter classCount: the number of classes, where trees may know less of them.
  func mean(
    of parts: [Part], classCount: Int? = nil, _ reader: inout EstimatorReader
  ) throws -> ScikitLearnParts {
    let isClassifier = object.kind.isClassifier
    let featureCount = try featureCount()
    var trees: [Tree] = []
    var shape: (outputs: Int, values: Int)?
    let outputClasses = isClassifier ? try self.outputClasses() : nil
    for part in parts {
      do {
        let tree = try tree(of: part.object, &reader)
        let found = (tree.outputCount, part.classes == nil ? tree.valueCount : classCount ?? 0)
        guard shape ?? found == found else {
          throw ModelFormatError(.malformed, "its values differ in number from those of others")
        }
        shape = found
        let feature = try Self.feature(of: part, count: featureCount)
        trees.append(
          try isClassifier
            ? shares(tree, part, classCount: found.1, outputClasses, feature: feature)
            : numbers(tree, feature: feature))
      } catch {
        throw ModelFormatError(wrapping: error).inside(part.path + ".tree_")
      }
    }
    let (outputCount, valueCount) = shape ?? (1, 1)
    guard isClassifier else {
      return ScikitLearnParts(
        baseMargins: Array(repeating: 0, count: outputCount), trees: trees,
        objective: Objective(name: objectiveName, task: .regression, link: .identity),
        summation: .mean)
    }
    if outputCount > 1, let outputClasses, !Self.areFlags(outputClasses) {
      return ScikitLearnParts(
        baseMargins: Array(repeating: 0, count: outputClasses.reduce(0) { $0 + $1.count }),
        trees: trees, objective: Objective(name: objectiveName, task: .regression, link: .identity),
        summation: .mean, outputClasses: outputClasses)
    }
    if outputCount > 1 {
      return ScikitLearnParts(
        baseMargins: Array(repeating: 0, count: outputCount), trees: trees,
        objective: Objective(
          name: objectiveName, task: .regression, link: .float64(.majority)), summation: .mean)
    }
    return ScikitLearnParts(
      baseMargins: Array(repeating: 0, count: valueCount == 2 ? 1 : valueCount), trees: trees,
      objective: Objective(
        name: objectiveName, task: valueCount == 2 ? .binary : .multiclass,
        link: .float64(.probability)),
      summation: .mean, labels: try PickledLabels.labels(of: fields, count: valueCount))
  }

  /// The column of the whole for each that a part reads; others stay, and are refused later.
  static func feature(of part: Part, count: Int) throws -> (Int) -> Int {
    guard let columns = part.columns else { return { $0 } }
    guard columns.allSatisfy({ 0..<count ~= $0 }) else {
      throw ModelFormatError(.malformed, "a column lies outside the \(count) that there are")
    }
    return { columns.indices.contains($0) ? columns[$0] : -1 }
  }

  var objectiveName: String {
    (fields["loss"] ?? fields["criterion"]).flatMap(graph.text) ?? "unknown"
  }

  /// A tree of a regressor: a value a target.
  private func numbers(_ tree: ScikitLearnTree, feature: (Int) -> Int) throws -> Tree {
    guard tree.valueCount == 1 else {
      throw ModelFormatError(.malformed, "a regressor has \(tree.valueCount) values a target")
    }
    return try tree.tree(width: tree.outputCount, feature: feature) { Array($1) }
  }

  /// A tree of a classifier: the share of each class, of two classes only that of the second.
  private func shares(
    _ tree: ScikitLearnTree, _ part: Part, classCount: Int, _ outputClasses: [[Float]]?,
    feature: (Int) -> Int
  ) throws -> Tree {
    guard tree.outputCount == 1 else {
      guard let outputClasses, outputClasses.count == tree.outputCount,
        outputClasses.allSatisfy({ 1...tree.valueCount ~= $0.count })
      else {
        throw ModelFormatError(
          .unsupported,
          "a classifier of \(tree.outputCount) outputs is read only if the classes of each are numbers",
          remedy: "train one classifier an output"
        ).inside("classes_")
      }
      let areFlags = Self.areFlags(outputClasses)
      let width = areFlags ? tree.outputCount : outputClasses.reduce(0) { $0 + $1.count }
      return try tree.tree(width: width, feature: feature) { _, values in
        outputClasses.enumerated().flatMap { output, classes in
          let start = values.startIndex + output * tree.valueCount
          let shares = shares(values[start..<start + tree.valueCount])
          return areFlags ? shares[1..<2] : shares[..<classes.count]
        }
      }
    }
    guard classCount > 1 else {
      throw ModelFormatError(.unsupported, "the classifier knows one class only")
    }
    let isBinary = classCount == 2
    return try tree.tree(width: isBinary ? 1 : classCount, feature: feature) { _, values in
      var shares = shares(values)
      if let classes = part.classes {
        var all = [Double](repeating: 0, count: classCount)
        for (number, share) in zip(classes, shares) { all[number] = share }
        shares = all
      }
      return isBinary ? [shares[1]] : shares
    }
  }

  /// The classes of each of several outputs; nil of one, and where they are not all numbers.
  private func outputClasses() throws -> [[Float]]? {
    guard let elements = fields["classes_"].flatMap(graph.elements) else { return nil }
    var classes: [[Float]] = []
    for element in elements {
      guard case .array(let array) = graph[element], let numbers = array.doubles() else {
        return nil
      }
      classes.append(numbers.map { Float($0) })
    }
    return classes
  }

  /// Whether each output is 0 or 1, so that the share of 1 tells all.
  private static func areFlags(_ classes: [[Float]]) -> Bool {
    classes.allSatisfy { $0 == [0, 1] }
  }

  /// The share of each class in a node of a tree.
  func shares(_ values: ArraySlice<Double>) -> [Double] {
    // Since 1.3 the leaves have shares, before that (weighted) numbers of rows.
    let sum = isBefore(1, 3) ? values.reduce(0, +) : 1
    return sum == 0 || sum == 1 ? Array(values) : values.map { $0 / sum }
  }
}
