import Forest

extension ONNXReader {
  /// Reads a node: sets what its outputs stand for.
  mutating func read(_ operation: ONNXOperation) throws {
    switch operation.type {
    case "TreeEnsembleClassifier": try readTreeClassifier(operation)
    case "TreeEnsembleRegressor", "TreeEnsemble": try readTreeRegressor(operation)
    case "LinearClassifier": try readLinearClassifier(operation)
    case "LinearRegressor": try readLinearRegressor(operation)
    case "Scaler": try set(operation, .columns(try scaled(operation)))
    case "Imputer": try set(operation, .columns(try imputed(operation)))
    case "Binarizer": try set(operation, .columns(try binarized(operation)))
    case "OneHotEncoder": try set(operation, .columns(try oneHot(operation)))
    case "FeatureVectorizer": try set(operation, .columns(try vectorized(operation)))
    case "Normalizer": try readNormalizer(operation)
    case "LabelEncoder": try readLabelEncoder(operation)
    case "ArrayFeatureExtractor", "Gather": try readSelection(operation)
    case "Constant": try readConstant(operation)
    case "Cast": try readCast(operation)
    case "Identity", "ZipMap": try set(operation, try value(operation, 0))
    case "Concat": try readConcat(operation)
    case "Reshape": try readReshape(operation)
    case "Flatten", "Squeeze", "Unsqueeze": try readFlatten(operation)
    case "Add", "Sub", "Mul", "Div": try readArithmetic(operation)
    case "Sum": try readSum(operation)
    case "Neg": try readNegation(operation)
    case "Clip": try set(operation, .columns(try clipped(operation)))
    case "Exp": try readStep(operation, .exponential)
    case "Sqrt": try readStep(operation, .squareRoot)
    case "Sigmoid": try readStep(operation, .logistic)
    case "Softmax": try readSoftmax(operation)
    case "ArgMax": try readArgMax(operation)
    case "Less": try set(operation, .columns(try below(operation)))
    case "Greater": try readGreater(operation)
    case "Where": try readWhere(operation)
    case "ReduceMean": try readMean(operation)
    default:
      throw operation.error(
        .unsupported, "the operator \(operation.type.quoted) is not read",
        remedy: "Coppice reads pipelines around trees; docs/formats/onnx.md lists the operators")
    }
  }

  /// A step on the answers of an ensemble.
  private mutating func readStep(_ operation: ONNXOperation, _ step: Float32Step) throws {
    if step == .logistic, case .scores(let scores) = try value(operation, 0),
      scores.isAntisymmetric, !scores.isComplement
    {
      // Opposites become [1 - p, p].
      return try set(operation, .scores(scores.adding(step)))
    }
    try set(operation, .scores(try scores(operation).adding(step)))
  }

  /// An input that must be the answers of an ensemble, with one value an output.
  func scores(_ operation: ONNXOperation, _ index: Int = 0) throws -> ONNXScores {
    let value = try value(operation, index)
    guard case .scores(let scores) = value, !scores.isComplement else {
      throw operation.error(.unsupported, "\(value.name) where only answers of trees are read")
    }
    // Of two classes the ensemble makes one number; a step on both is none on one.
    guard scores.task != .binary else {
      throw operation.error(.unsupported, "a step on the probabilities of two classes is not read")
    }
    return scores
  }

  private mutating func readSoftmax(_ operation: ONNXOperation) throws {
    guard [1, -1].contains(try operation.integer("axis", default: -1)) else {
      throw operation.error(.unsupported, "a softmax along another axis than the row")
    }
    try readStep(operation, .softmax)
  }

  private mutating func readNormalizer(_ operation: ONNXOperation) throws {
    let name = try operation.string("norm", default: "MAX")
    if case .scores(let scores) = try value(operation, 0) {
      guard name == "L1" else {
        throw operation.error(.unsupported, "the norm \(name.quoted) of an ensemble's answers")
      }
      // The two of two classes come to 1 already.
      let value = scores.task == .binary ? scores : scores.adding(.shares)
      return try set(operation, .scores(value))
    }
    let columns = try columns(operation)
    guard columns.kind != .text, let norm = ["L1": Preprocessing.Norm.sum, "L2": .euclidean][name]
    else {
      throw operation.error(.unsupported, "the norm \(name.quoted) is not read")
    }
    let rounded = columns.adding(kind: .float) { _ in
      columns.kind == .double ? [.roundToFloat] : []
    }
    try charge(rounded)
    try set(
      operation,
      .columns(
        ONNXColumns(
          stages: rounded.stages + [
            .columns(rounded.columns), .normalize(norm, roundsToFloat: true),
          ], columns: (0..<rounded.count).map { Preprocessing.Column($0) }, kind: .float)))
  }

  private mutating func readConstant(_ operation: ONNXOperation) throws {
    guard let constant = try operation.tensor("value") else {
      throw operation.error(.unsupported, "a constant that is no tensor")
    }
    try set(operation, .constant(constant))
  }

  private mutating func readCast(_ operation: ONNXOperation) throws {
    let type = try operation.integer("to", default: 0)
    let input = try value(operation, 0)
    guard case .columns(let columns) = input else {
      // Numbers stay what they are, but for their width; a class keeps its name.
      guard [1, 6, 7, 8, 11].contains(type) else {
        throw operation.error(.unsupported, "a cast to the type \(type)")
      }
      return try set(operation, input)
    }
    switch (type, columns.kind) {
    case (1, .float), (1, .integer), (1, .double):
      let rounds = columns.kind != .float
      try set(
        operation, .columns(columns.adding(kind: .float) { _ in rounds ? [.roundToFloat] : [] }))
    case (11, .float), (11, .double), (11, .integer):
      try set(operation, .columns(columns.adding(kind: .double) { _ in [] }))
    case (6, .integer), (7, .integer), (8, .text): try set(operation, input)
    default: throw operation.error(.unsupported, "a cast of these columns to the type \(type)")
    }
  }

  private mutating func readConcat(_ operation: ONNXOperation) throws {
    let axis = try operation.integer("axis", default: 1)
    let inputs = try operation.inputs.indices.map { try value(operation, $0) }
    switch inputs.first {
    case .columns(let first):
      // One-hot columns have an axis of their own, which is flattened later.
      guard [1, 2, -1].contains(axis) else {
        throw operation.error(.unsupported, "columns that are joined along the axis \(axis)")
      }
      try set(operation, .columns(try joined(operation, kind: first.kind)))
    case .scores(let first) where first.task == .regression && !first.isComplement:
      try set(operation, .scores(try sideBySide(operation, axis: axis)))
    case .scores(let first):
      // [1 - p, p]: the probabilities of two classes.
      guard axis == 1 || axis == -1, inputs.count == 2, case .scores(var second) = inputs[1],
        first.isComplement, !second.isComplement, first.outputCount == 1, second.outputCount == 1,
        first.steps == second.steps, first.name == second.name
      else {
        throw operation.error(.unsupported, "answers of ensembles that are joined are not read")
      }
      second.task = .binary
      second.areProbabilities = true
      try set(operation, .scores(second))
    case .stack:
      var all: [ONNXScores] = []
      for input in inputs {
        guard case .stack(let scores) = input, axis == 0 else {
          throw operation.error(.unsupported, "answers of ensembles that are joined are not read")
        }
        all += scores
        guard all.count <= ONNXDocument.maximumCount else {
          throw operation.error(.tooLarge, "more than \(ONNXDocument.maximumCount) ensembles")
        }
      }
      try set(operation, .stack(all))
    case .label, .constant, .total, .above, nil:
      throw operation.error(.unsupported, "what is joined here is not read")
    }
  }

  /// The columns of all inputs, side by side.
  func joined(
    _ operation: ONNXOperation, kind: ONNXColumns.Kind,
    _ change: (ONNXColumns) -> ONNXColumns = { $0 }
  ) throws -> ONNXColumns {
    var all: ONNXColumns?
    for index in operation.inputs.indices {
      let next = change(try columns(operation, index))
      guard next.kind == kind, next.stages == all?.stages ?? next.stages else {
        throw operation.error(
          .unsupported, "columns of different types, or of which only some were normalized")
      }
      guard (all?.count ?? 0) + next.count <= Preprocessing.maximumSize else {
        throw operation.error(.tooLarge, "more than \(Preprocessing.maximumSize) columns")
      }
      if all == nil { all = next } else { all?.columns += next.columns }
    }
    guard let all else { throw operation.error(.malformed, "nothing to join") }
    return all
  }

  private mutating func readReshape(_ operation: ONNXOperation) throws {
    let shape = try constant(operation, 1)?.integers() ?? operation.integers("shape").map(Int.init)
    let input = try value(operation, 0)
    switch input {
    case .columns(let columns):
      // Rows stay rows: [-1, columns], or [-1] of a single one.
      guard shape.first == -1 || shape.first == 0,
        shape.count == 1 && columns.count == 1
          || shape.count == 2 && (shape[1] == columns.count || shape[1] == -1 && shape[0] == 0)
      else { throw operation.error(.unsupported, "columns in the shape \(shape)") }
      try set(operation, input)
    case .scores(let scores) where shape.count == 3 && shape[0] == 1:
      guard shape[2] == scores.width else {
        throw operation.error(.unsupported, "answers of trees in the shape \(shape)")
      }
      try set(operation, .stack([scores]))
    case .scores(let scores):
      guard
        shape.count == 2 && shape[1] == scores.width && shape[0] <= 0
          || shape == [-1] && scores.width == 1
      else { throw operation.error(.unsupported, "answers of trees in the shape \(shape)") }
      try set(operation, input)
    case .label:
      guard shape == [-1] || shape == [-1, 1] else {
        throw operation.error(.unsupported, "classes in the shape \(shape)")
      }
      try set(operation, input)
    case .constant, .stack, .total, .above:
      throw operation.error(.unsupported, "\(input.name) in another shape")
    }
  }

  private mutating func readFlatten(_ operation: ONNXOperation) throws {
    let input = try value(operation, 0)
    switch input {
    case .columns, .scores, .label: try set(operation, input)
    case .constant, .stack, .total, .above:
      throw operation.error(.unsupported, "\(input.name) in another shape")
    }
  }

  /// Answers of several ensembles for a target each, or for some: one forest with all targets.
  private func sideBySide(_ operation: ONNXOperation, axis: Int) throws -> ONNXScores {
    let all = try operation.inputs.indices.map { try scores(operation, $0) }
    var joined = all[0]
    var trees: [Tree] = []
    var count = 0
    for scores in all {
      guard axis == 1 || axis == -1, case .trees(let made, let outputs, let width) = scores.source,
        case .trees(_, _, let firstWidth) = joined.source, width == firstWidth,
        scores.task == .regression, !scores.isComplement, scores.columns == joined.columns,
        scores.steps == joined.steps, scores.steps.allSatisfy(\.isOfEachAlone)
      else {
        throw operation.error(
          .unsupported,
          "answers of ensembles of different kinds, or of different columns, are joined")
      }
      trees += made.map {
        Tree(output: count + $0.output, nodes: $0.nodes, leaves: $0.leaves)
      }
      count += outputs
      guard count <= ONNXTrees.maximumOutputCount else {
        throw operation.error(.tooLarge, "\(count) outputs are more than are read")
      }
    }
    if case .trees(_, _, let summation) = joined.source {
      joined.source = .trees(trees, outputCount: count, summation)
    }
    joined.nodeCount = try nodeCount(of: all, operation)
    return joined
  }

  /// The nodes of several ensembles; an ensemble that counts again and again is refused, since a
  /// small file could say it as often as it likes.
  private func nodeCount(of all: [ONNXScores], _ operation: ONNXOperation) throws -> Int {
    let count = all.reduce(0) { $0 + $1.nodeCount }
    guard count <= nodeCount else {
      throw operation.error(.tooLarge, "an ensemble that is put together with itself")
    }
    guard all.reduce(0, { $0 + $1.columns.count }) <= 16 * Preprocessing.maximumSize else {
      throw operation.error(.tooLarge, "ensembles that read too many columns in all")
    }
    return count
  }

  private mutating func readGreater(_ operation: ONNXOperation) throws {
    guard case .scores(let scores) = try value(operation, 0), !scores.isComplement,
      let number = try constant(operation, 1)?.numbers(), number.count == 1,
      // Of opposites one is above 0, but both, or none, are above other numbers.
      scores.task != .binary || scores.isAntisymmetric && number == [0]
    else { throw operation.error(.unsupported, "this comparison is not read") }
    try set(operation, .above(scores, Float(number[0])))
  }

  private mutating func readWhere(_ operation: ONNXOperation) throws {
    guard case .above(var scores, let number) = try value(operation, 0),
      try constant(operation, 1)?.numbers() == [1], try constant(operation, 2)?.numbers() == [0]
    else {
      throw operation.error(.unsupported, "a choice of other than 1 and 0 by an ensemble's answers")
    }
    scores.steps.append(.above(number))
    try set(operation, .scores(scores))
  }

  private mutating func readSum(_ operation: ONNXOperation) throws {
    if case .scores(let first) = try value(operation, 0), first.task == .binary {
      let all = try operation.inputs.indices.map { index in
        guard case .scores(let scores) = try value(operation, index), scores.task == .binary,
          scores.outputCount == 1, !scores.isComplement, !scores.isAntisymmetric
        else { throw operation.error(.unsupported, "a sum of other than probabilities") }
        return scores
      }
      return try set(operation, .total(all))
    }
    let all = try operation.inputs.indices.map { try scores(operation, $0) }
    guard var sum = all.first,
      all.allSatisfy({
        ($0.steps.isEmpty || $0.task == .regression) && !$0.isComplement
          && $0.outputCount == sum.outputCount && $0.task == sum.task
      })
    else { throw operation.error(.unsupported, "a sum of other than the answers of trees") }
    if all.count > 1 {
      sum.nodeCount = try nodeCount(of: all, operation)
      sum.source = .several(all, isMean: false)
      sum.steps = []
    }
    try set(operation, .scores(sum))
  }

  /// The mean of answers that lie on top of each other: bagging.
  private mutating func readMean(_ operation: ONNXOperation) throws {
    let axes = try constant(operation, 1)?.integers() ?? operation.integers("axes").map(Int.init)
    guard axes == [0], try operation.integer("keepdims", default: 1) == 0,
      case .stack(let all) = try value(operation, 0)
    else { throw operation.error(.unsupported, "a mean of other than the answers of trees") }
    try set(operation, .scores(try mean(of: all, operation)))
  }

  /// The mean of the answers of several ensembles.
  func mean(of all: [ONNXScores], _ operation: ONNXOperation) throws -> ONNXScores {
    guard var mean = all.first,
      all.allSatisfy({ $0.outputCount == mean.outputCount && $0.task == mean.task })
    else { throw operation.error(.unsupported, "a mean of answers of different kinds") }
    mean.nodeCount = try nodeCount(of: all, operation)
    mean.source = .several(all, isMean: true)
    mean.areProbabilities = all.allSatisfy {
      $0.areProbabilities || $0.objective.link.givesProbabilities
    }
    mean.steps = []
    return mean
  }

  private mutating func readArgMax(_ operation: ONNXOperation) throws {
    let input = try value(operation, 0)
    if case .columns = input { return try set(operation, .columns(try binned(operation))) }
    guard case .scores(var scores) = input, !scores.isComplement, scores.width > 1,
      [1, -1].contains(try operation.integer("axis", default: 0)),
      try operation.integer("select_last_index", default: 0) == 0
    else { throw operation.error(.unsupported, "the largest of other than the answers of trees") }
    if scores.task != .binary { scores.task = .multiclass }
    scores.labels = nil
    scores.threshold = nil
    // The larger of [1 - p, p], or of [-m, m].
    try set(operation, .label(scores))
  }
}

extension Float32Step {
  /// Whether each output is changed without the others, and all alike.
  fileprivate var isOfEachAlone: Bool {
    switch self {
    case .softmax, .softmaxZero, .shares: false
    case .add(let numbers), .multiply(let numbers), .divide(let numbers): numbers.count == 1
    case .reciprocal, .above, .exponential, .squareRoot, .logistic, .probit: true
    }
  }
}

extension ONNXOperation {
  /// An error of this kind at this node, with what to do about it.
  func error(
    _ code: ModelFormatError.Code, _ message: String, remedy: String
  ) -> ModelFormatError {
    ModelFormatError(code, message, remedy: remedy).inside(place)
  }
}
