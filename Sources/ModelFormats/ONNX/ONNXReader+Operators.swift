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
    case "ReduceMean": try readMean(operation)
    default:
      throw operation.error(
        .unsupported, "the operator \(operation.type.quoted) is not read",
        remedy: "Coppice reads pipelines around trees; docs/formats/onnx.md lists the operators")
    }
  }

  /// A step on the answers of an ensemble.
  private mutating func readStep(_ operation: ONNXOperation, _ step: Float32Step) throws {
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
    case .scores(let first):
      // [1 - p, p]: the probabilities of two classes.
      guard axis == 1 || axis == -1, inputs.count == 2, case .scores(var second) = inputs[1],
        first.isComplement, !second.isComplement, first.outputCount == 1, second.outputCount == 1,
        first.steps == second.steps, first.name == second.name
      else {
        throw operation.error(.unsupported, "answers of ensembles that are joined are not read")
      }
      second.task = .binary
      try set(operation, .scores(second))
    case .stack:
      var all: [ONNXScores] = []
      for input in inputs {
        guard case .stack(let scores) = input, axis == 0 else {
          throw operation.error(.unsupported, "answers of ensembles that are joined are not read")
        }
        all += scores
      }
      try set(operation, .stack(all))
    case .label, .constant, nil:
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
    case .constant, .stack:
      throw operation.error(.unsupported, "\(input.name) in another shape")
    }
  }

  private mutating func readFlatten(_ operation: ONNXOperation) throws {
    let input = try value(operation, 0)
    switch input {
    case .columns, .scores, .label: try set(operation, input)
    case .constant, .stack: throw operation.error(.unsupported, "\(input.name) in another shape")
    }
  }

  private mutating func readSum(_ operation: ONNXOperation) throws {
    let all = try operation.inputs.indices.map { try scores(operation, $0) }
    guard var sum = all.first,
      all.allSatisfy({
        ($0.steps.isEmpty || $0.task == .regression) && !$0.isComplement
          && $0.outputCount == sum.outputCount && $0.task == sum.task
      })
    else { throw operation.error(.unsupported, "a sum of other than the answers of trees") }
    if all.count > 1 {
      sum.source = .several(all, isMean: false)
      sum.steps = []
    }
    try set(operation, .scores(sum))
  }

  /// The mean of answers that lie on top of each other: bagging.
  private mutating func readMean(_ operation: ONNXOperation) throws {
    let axes = try constant(operation, 1)?.integers() ?? operation.integers("axes").map(Int.init)
    guard axes == [0], try operation.integer("keepdims", default: 1) == 0,
      case .stack(let all) = try value(operation, 0), var mean = all.first,
      all.allSatisfy({ $0.outputCount == mean.outputCount && $0.task == mean.task })
    else { throw operation.error(.unsupported, "a mean of other than the answers of trees") }
    mean.source = .several(all, isMean: true)
    mean.areProbabilities = all.allSatisfy { $0.objective.link.givesProbabilities }
    mean.steps = []
    try set(operation, .scores(mean))
  }

  private mutating func readArgMax(_ operation: ONNXOperation) throws {
    let input = try value(operation, 0)
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

extension ONNXOperation {
  /// An error of this kind at this node, with what to do about it.
  func error(
    _ code: ModelFormatError.Code, _ message: String, remedy: String
  ) -> ModelFormatError {
    ModelFormatError(code, message, remedy: remedy).inside(place)
  }
}
