import Forest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ONNXReader {
  /// TreeEnsembleClassifier: the class, and the scores.
  ///
  /// What onnxruntime makes of two classes depends on whether leaves have weights for one or both,
  /// and on whether a weight is negative; docs/formats/onnx.md tells the rules.
  mutating func readTreeClassifier(_ operation: ONNXOperation) throws {
    let columns = try columns(operation)
    let labels = try labels(operation, "classlabels_int64s")
    let count = labels.count
    var trees = try ONNXTrees(
      operation, prefix: "class", outputCount: count, isDouble: columns.kind == .double)
    let bases = try operation.doubles("base_values").values
    let transform = try operation.string("post_transform", default: "NONE")
    let isPositive = trees.weights.allSatisfy { $0 >= 0 }
    let classes = Set(trees.targets)
    var scores = ONNXScores(
      columns: columns, source: .trees([], outputCount: count, .float32), name: operation.type,
      task: .multiclass, labels: labels.labels)
    guard transform != "PROBIT" || count > 2 else {
      throw operation.error(.unsupported, "onnxruntime makes no use of PROBIT for two classes")
    }
    if count == 2, classes.count == 1 {
      guard classes == [0], bases.count <= 1 else {
        throw operation.error(
          .unsupported, "weights for the second class only, or two base values for one weight")
      }
      trees.outputCount = 1
      scores.task = .binary
      if transform == "LOGISTIC" {
        scores.steps = [.logistic]
        // The class is that of a sum above 0.5, whatever probability that is.
        if isPositive { scores.threshold = 1 / (1 + expf(-0.5)) }
      } else {
        scores.areProbabilities = isPositive
      }
    } else if count == 2 {
      guard bases.isEmpty else {
        throw operation.error(.unsupported, "base values for two classes with weights for both")
      }
      scores.steps = try steps(transform, operation)
      if trees.isAntisymmetric, scores.steps.isEmpty || scores.steps == [.logistic] {
        // One class has the other's weights with the opposite sign: one of them tells all.
        trees.keep(target: 1)
        scores.task = .binary
      } else if !trees.isAntisymmetric {
        // The class is 1 where its sum is above 0, though that of class 0 be larger.
        guard scores.steps.isEmpty || scores.steps == [.logistic] else {
          throw operation.error(
            .unsupported, "a softmax of two classes whose weights are not each other's opposites")
        }
        scores.threshold = scores.steps.isEmpty ? 0 : 0.5
        scores.areProbabilities = scores.steps.isEmpty && isPositive
      }
      // onnxruntime answers 0 and 1 whatever numbers the classes are.
      if labels.labels?.numbers != nil { scores.labels = nil }
    } else {
      guard bases.isEmpty ? classes.count == count : bases.count == count else {
        throw operation.error(
          .unsupported,
          "\(count) classes, but weights of \(classes.count) and \(bases.count) base"
            + " values")
      }
      scores.steps = try steps(transform, operation)
      scores.areProbabilities = scores.steps.isEmpty && isPositive && bases.isEmpty
    }
    scores.source = try source(trees, bases: bases)
    register(trees.modes.count, of: &scores)
    try set(operation, .label(scores))
    try set(operation, .scores(scores), output: 1)
  }

  /// TreeEnsembleRegressor, and the newer TreeEnsemble.
  mutating func readTreeRegressor(_ operation: ONNXOperation) throws {
    let columns = try columns(operation)
    let isDouble = columns.kind == .double
    var trees: ONNXTrees
    let transform: String
    let aggregate: String
    if operation.type == "TreeEnsemble" {
      trees = try ONNXTrees(treeEnsemble: operation, isDouble: isDouble)
      // The numbers are onnxruntime's; the standard counts SOFTMAX before LOGISTIC.
      transform = try name(
        operation, "post_transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"], 0)
      aggregate = try name(operation, "aggregate_function", ["AVERAGE", "SUM", "MIN", "MAX"], 1)
    } else {
      let count = try operation.integer("n_targets", default: 0)
      guard 1...ONNXTrees.maximumOutputCount ~= count else {
        throw operation.error(.malformed, "n_targets is \(count)")
      }
      trees = try ONNXTrees(operation, prefix: "target", outputCount: count, isDouble: isDouble)
      transform = try operation.string("post_transform", default: "NONE")
      aggregate = try operation.string("aggregate_function", default: "SUM")
    }
    if aggregate == "MIN" || aggregate == "MAX" {
      return try readChoice(operation, trees, transform, isLeast: aggregate == "MIN")
    }
    let count = trees.outputCount
    var bases = try operation.doubles("base_values").values
    guard bases.isEmpty || bases.count == count else {
      throw operation.error(.malformed, "\(bases.count) base values for \(count) targets")
    }
    var scores = ONNXScores(
      columns: columns, source: .trees([], outputCount: count, .float32), name: operation.type,
      task: .regression)
    switch aggregate {
    case "SUM": break
    case "AVERAGE" where trees.isDouble:
      for index in trees.weights.indices { trees.weights[index] /= Double(trees.roots.count) }
    case "AVERAGE":
      scores.steps.append(.divide([Float(trees.roots.count)]))
      if bases.contains(where: { $0 != 0 }) { scores.steps.append(.add(bases.map { Float($0) })) }
      bases = []
    default: throw operation.error(.unsupported, "the aggregate \(aggregate.quoted) is not known")
    }
    // One target alone takes no other transform.
    if count > 1 || transform == "PROBIT" { scores.steps += try steps(transform, operation) }
    scores.source = try source(trees, bases: bases)
    register(trees.modes.count, of: &scores)
    try set(operation, .scores(scores))
  }

  /// Trees of which the least or the largest value counts: a forest with an output a tree.
  private mutating func readChoice(
    _ operation: ONNXOperation, _ trees: ONNXTrees, _ transform: String, isLeast: Bool
  ) throws {
    let bases = try operation.doubles("base_values").values
    guard trees.outputCount == 1, bases.count <= 1, bases.allSatisfy(\.isFinite) else {
      throw operation.error(.unsupported, "the least or largest value of several targets")
    }
    guard 1...ONNXTrees.maximumOutputCount ~= trees.roots.count else {
      throw operation.error(.unsupported, "the least or largest of \(trees.roots.count) trees")
    }
    let made = try trees.trees().enumerated().map {
      Tree(output: $0, nodes: $1.nodes, leaves: $1.leaves)
    }
    var scores = ONNXScores(
      columns: try columns(operation),
      source: .choice(
        made, isLeast ? .least : .largest, base: bases.first ?? 0,
        trees.isDouble ? .float64 : .float32),
      name: operation.type, task: .regression)
    if transform == "PROBIT" { scores.steps = try steps(transform, operation) }
    register(trees.modes.count, of: &scores)
    try set(operation, .scores(scores))
  }

  /// LinearClassifier: the class, and the scores.
  mutating func readLinearClassifier(_ operation: ONNXOperation) throws {
    let labels = try labels(operation, "classlabels_ints")
    let (source, columns) = try linear(
      operation, outputCount: try operation.numbers("intercepts").count)
    var scores = ONNXScores(
      columns: columns, source: source, name: operation.type, task: .multiclass,
      steps: try steps(try operation.string("post_transform", default: "NONE"), operation),
      labels: labels.labels)
    guard scores.outputCount == labels.count, labels.count > 1 else {
      throw operation.error(
        .unsupported, "\(scores.outputCount) rows of coefficients for \(labels.count) classes")
    }
    register(scores.outputCount * columns.count, of: &scores)
    try set(operation, .label(scores))
    try set(operation, .scores(scores), output: 1)
  }

  /// LinearRegressor.
  mutating func readLinearRegressor(_ operation: ONNXOperation) throws {
    let (source, columns) = try linear(
      operation, outputCount: try operation.integer("targets", default: 1))
    let transform = try operation.string("post_transform", default: "NONE")
    guard transform == "NONE" else {
      throw operation.error(.unsupported, "the transform \(transform.quoted) is not read")
    }
    var scores = ONNXScores(
      columns: columns, source: source, name: operation.type, task: .regression)
    register(scores.outputCount * columns.count, of: &scores)
    try set(operation, .scores(scores))
  }

  /// Adds an ensemble that was read to those that may be put together.
  private mutating func register(_ nodeCount: Int, of scores: inout ONNXScores) {
    scores.nodeCount = 1 + nodeCount
    self.nodeCount += scores.nodeCount
  }

  private func linear(
    _ operation: ONNXOperation, outputCount: Int
  ) throws -> (ONNXScores.Source, ONNXColumns) {
    let columns = try columns(operation)
    let coefficients = try operation.numbers("coefficients")
    var biases = try operation.numbers("intercepts").map(Double.init)
    guard columns.kind != .text, 1...ONNXTrees.maximumOutputCount ~= outputCount,
      coefficients.count == outputCount * columns.count
    else {
      throw operation.error(
        .malformed,
        "\(coefficients.count) coefficients for \(columns.count) columns and \(outputCount) outputs"
      )
    }
    if biases.isEmpty { biases = [Double](repeating: 0, count: outputCount) }
    guard biases.count == outputCount else {
      throw operation.error(.malformed, "\(biases.count) intercepts for \(outputCount) outputs")
    }
    let weights = coefficients.indices.map { index in
      let (feature, output) = index.quotientAndRemainder(dividingBy: outputCount)
      return Double(coefficients[output * columns.count + feature])
    }
    return (.linear(weights: weights, biases: biases), columns)
  }

  /// The classes that a classifier names.
  private func labels(
    _ operation: ONNXOperation, _ integers: String
  ) throws -> (labels: ClassLabels?, count: Int) {
    let texts = try operation.strings("classlabels_strings")
    let numbers = try operation.integers(integers)
    let count = texts.isEmpty ? numbers.count : texts.count
    guard 2...ONNXTrees.maximumOutputCount ~= count else {
      throw operation.error(.unsupported, "\(count) classes")
    }
    if !texts.isEmpty { return (ClassLabels(names: texts), count) }
    return (
      ClassLabels(names: numbers.map { String($0) }, numbers: numbers.map { Float($0) }), count
    )
  }

  /// The trees, and after them one that adds the base values, as onnxruntime adds them last.
  private func source(_ source: ONNXTrees, bases: [Double]) throws -> ONNXScores.Source {
    var trees = try source.trees()
    if bases.contains(where: { $0 != 0 }) {
      guard bases.allSatisfy(\.isFinite) else {
        throw ModelFormatError(.malformed, "a base value is not finite")
      }
      let bases = source.isDouble ? bases : bases.map { Double(Float($0)) }
      let isPlain = bases.count == 1 && !source.isDouble
      trees.append(
        Tree(
          output: 0, nodes: [isPlain ? .leaf(Float(bases[0])) : .leafRow(0)],
          leaves: isPlain ? nil : LeafTable(width: bases.count, values: bases)))
    }
    return .trees(
      trees, outputCount: source.outputCount, source.isDouble ? .float64 : .float32)
  }

  private func steps(_ transform: String, _ operation: ONNXOperation) throws -> [Float32Step] {
    switch transform {
    case "NONE": return []
    case "LOGISTIC": return [.logistic]
    case "SOFTMAX": return [.softmax]
    case "SOFTMAX_ZERO": return [.softmaxZero]
    case "PROBIT": return [.probit]
    default: throw operation.error(.unsupported, "the transform \(transform.quoted) is not known")
    }
  }

  private func name(
    _ operation: ONNXOperation, _ attribute: String, _ names: [String], _ value: Int
  ) throws -> String {
    let number = try operation.integer(attribute, default: value)
    guard names.indices.contains(number) else {
      throw operation.error(.unsupported, "\(attribute) \(number) is not known")
    }
    return names[number]
  }
}

extension ONNXTrees {
  /// Whether every leaf has a weight for each of two outputs, one the other's opposite.
  var isAntisymmetric: Bool {
    modes.indices.allSatisfy { node in
      guard modes[node] == .leaf, firstWeights[node] >= 0 else { return true }
      let first = Int(firstWeights[node])
      let second = Int(nextWeights[first])
      return second >= 0 && nextWeights[second] < 0 && targets[first] != targets[second]
        && weights[first] == -weights[second]
    }
  }

  /// Keeps the weights of one output, which becomes the only one.
  mutating func keep(target: Int32) {
    for node in firstWeights.indices {
      var weight = firstWeights[node]
      while weight >= 0, targets[Int(weight)] != target { weight = nextWeights[Int(weight)] }
      firstWeights[node] = weight
      if weight >= 0 {
        nextWeights[Int(weight)] = -1
        targets[Int(weight)] = 0
      }
    }
    outputCount = 1
  }
}
