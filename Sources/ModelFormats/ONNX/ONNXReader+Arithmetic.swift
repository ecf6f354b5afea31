import Forest

extension ONNXReader {
  /// Add, Sub, Mul or Div of columns, or of the answers of an ensemble, and a constant.
  mutating func readArithmetic(_ operation: ONNXOperation) throws {
    switch (try value(operation, 0), try value(operation, 1)) {
    case (.columns(let columns), .constant(let constant)):
      try set(operation, .columns(try combined(operation, columns, constant, isLeft: true)))
    case (.constant(let constant), .columns(let columns)):
      try set(operation, .columns(try combined(operation, columns, constant, isLeft: false)))
    case (.scores(let scores), .constant(let constant)):
      try set(operation, .scores(try combined(operation, scores, constant, isLeft: true)))
    case (.constant(let constant), .scores(let scores)):
      try set(operation, .scores(try combined(operation, scores, constant, isLeft: false)))
    case (.total(let members), .constant(let constant)):
      guard operation.type == "Div", try constant.numbers() == [Double(members.count)] else {
        throw operation.error(
          .unsupported, "a sum of probabilities that is not divided by their number")
      }
      try set(operation, .scores(try mean(of: members, operation)))
    case (let first, let second):
      throw operation.error(.unsupported, "\(first.name) and \(second.name) are not put together")
    }
  }

  /// The opposite numbers.
  mutating func readNegation(_ operation: ONNXOperation) throws {
    if case .columns(let columns) = try value(operation, 0), columns.kind != .text {
      let negated = columns.adding(kind: columns.kind) { _ in [.multiply(-1)] }
      return try set(operation, .columns(negated))
    }
    try set(operation, .scores(try scores(operation).adding(.multiply([-1]))))
  }

  private func combined(
    _ operation: ONNXOperation, _ columns: ONNXColumns, _ constant: ONNXConstant, isLeft: Bool
  ) throws -> ONNXColumns {
    let numbers = try constant.numbers()
    guard columns.kind == .float || columns.kind == .double,
      [1, columns.count].contains(numbers.count)
    else {
      throw operation.error(
        .unsupported,
        "\(numbers.count) numbers and \(columns.count) columns, or columns of no numbers")
    }
    let rounding: [ColumnOperation] = columns.kind == .float ? [.roundToFloat] : []
    return try columns.adding(kind: columns.kind) { index in
      let number = numbers[numbers.count == 1 ? 0 : index]
      switch (operation.type, isLeft) {
      case ("Add", _): return [.add(number)] + rounding
      case ("Mul", _): return [.multiply(number)] + rounding
      case ("Sub", true): return [.subtract(number)] + rounding
      case ("Sub", false): return [.subtract(number)] + rounding + [.multiply(-1)]
      case ("Div", true): return [.divide(number)] + rounding
      default: throw operation.error(.unsupported, "a number divided by columns")
      }
    }
  }

  private func combined(
    _ operation: ONNXOperation, _ scores: ONNXScores, _ constant: ONNXConstant, isLeft: Bool
  ) throws -> ONNXScores {
    let numbers = try constant.numbers().map { Float($0) }
    let neutral: Float = ["Mul", "Div"].contains(operation.type) ? 1 : 0
    if numbers.allSatisfy({ $0 == neutral }), isLeft || ["Add", "Mul"].contains(operation.type),
      [1, scores.width].contains(numbers.count)
    {
      return scores
    }
    if operation.type == "Sub", !isLeft, numbers == [1], scores.outputCount == 1,
      !scores.isComplement, scores.task != .binary
    {
      var complement = scores
      complement.isComplement = true
      return complement
    }
    if scores.isAntisymmetric, !scores.isComplement, numbers.count == 1, numbers[0] > 0,
      isLeft || operation.type == "Mul"
    {
      // Opposites stay opposites, and the larger stays the larger.
      switch operation.type {
      case "Mul": return scores.adding(.multiply(numbers))
      case "Div": return scores.adding(.divide(numbers))
      default: break
      }
    }
    guard !scores.isComplement, scores.task != .binary,
      [1, scores.outputCount].contains(numbers.count)
    else {
      throw operation.error(
        .unsupported, "\(numbers.count) numbers and \(scores.width) answers of trees")
    }
    switch (operation.type, isLeft) {
    case ("Add", _): return scores.adding(.add(numbers))
    case ("Mul", _): return scores.adding(.multiply(numbers))
    case ("Sub", true): return scores.adding(.add(numbers.map { -$0 }))
    case ("Sub", false): return scores.adding(.multiply([-1])).adding(.add(numbers))
    case ("Div", true): return scores.adding(.divide(numbers))
    case ("Div", false) where numbers.count == 1: return scores.adding(.reciprocal(numbers[0]))
    default: throw operation.error(.unsupported, "numbers divided by the answers of trees")
    }
  }
}
