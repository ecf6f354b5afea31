import Forest

extension ONNXReader {
  /// `(x - offset) * scale`, to float32: each step rounds, but of float64 only the last.
  func scaled(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try numeric(operation)
    let offsets = try operation.numbers("offset")
    let scales = try operation.numbers("scale")
    guard offsets.count == scales.count, [1, columns.count].contains(scales.count) else {
      throw operation.error(
        .malformed,
        "\(offsets.count) offsets and \(scales.count) scales for \(columns.count) columns")
    }
    return columns.adding(kind: .float) { index in
      let index = scales.count == 1 ? 0 : index
      let rounding: [ColumnOperation] = columns.kind == .double ? [] : [.roundToFloat]
      return [.subtract(Double(offsets[index]))] + rounding
        + [.multiply(Double(scales[index])), .roundToFloat]
    }
  }

  /// Other values for missing ones, or for those that stand for it.
  func imputed(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try numeric(operation)
    let isInteger = operation.has("imputed_value_int64s")
    let replaced =
      isInteger
      ? Double(try operation.integer("replaced_value_int64", default: 0))
      : Double(try operation.number("replaced_value_float") ?? 0)
    let values =
      isInteger
      ? try operation.integers("imputed_value_int64s").map(Double.init)
      : try operation.numbers("imputed_value_floats").map(Double.init)
    guard [1, columns.count].contains(values.count) else {
      throw operation.error(
        .malformed, "\(values.count) imputed values for \(columns.count) columns")
    }
    return columns.adding(kind: columns.kind) {
      [.replace(replaced, with: values[values.count == 1 ? 0 : $0])]
    }
  }

  /// 1 where a value is above the threshold.
  func binarized(_ operation: ONNXOperation) throws -> ONNXColumns {
    let threshold = Double(try operation.number("threshold") ?? 0)
    return try numeric(operation).adding(kind: .float) { _ in [.above(threshold)] }
  }

  /// 1 where a value is below a bound: one for all columns, one a column, or several for one column.
  func below(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try numeric(operation)
    guard let bounds = try constant(operation, 1)?.numbers(), !bounds.isEmpty,
      bounds.count == 1 || columns.count == 1 || bounds.count == columns.count,
      bounds.count <= Preprocessing.maximumSize
    else { throw operation.error(.unsupported, "columns compared with other than a bound each") }
    let count = max(bounds.count, columns.count)
    return ONNXColumns(
      stages: columns.stages,
      columns: (0..<count).map { index in
        let column = columns.columns[columns.count == 1 ? 0 : index]
        return Preprocessing.Column(
          column.source, column.operations + [.below(bounds[bounds.count == 1 ? 0 : index])])
      }, kind: .integer)
  }

  /// The first of several columns that is 1, where they ask in turn whether one value is below a
  /// bound and the last is always 1: a value becomes the number of its bin.
  func binned(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try columns(operation)
    var bounds: [Double] = []
    var binned: Preprocessing.Column?
    for column in columns.columns.dropLast() {
      var operations = column.operations
      if operations.last == .roundToFloat { operations.removeLast() }
      guard case .below(let bound)? = operations.popLast() else { break }
      let value = Preprocessing.Column(column.source, operations)
      guard binned ?? value == value else { break }
      binned = value
      bounds.append(bound)
    }
    let last = columns.columns.last?.operations.filter { $0 != .roundToFloat }.suffix(2)
    guard let binned, bounds.count == columns.count - 1, last == [.multiply(0), .add(1)],
      [1, -1].contains(try operation.integer("axis", default: 0)),
      try operation.integer("select_last_index", default: 0) == 0
    else { throw operation.error(.unsupported, "the largest of other columns than those of bins") }
    return ONNXColumns(
      stages: columns.stages,
      columns: [Preprocessing.Column(binned.source, binned.operations + [.bin(bounds)])],
      kind: .integer)
  }

  /// All columns side by side, to float32.
  func vectorized(_ operation: ONNXOperation) throws -> ONNXColumns {
    try joined(operation, kind: .float) { columns in
      guard columns.kind != .text else { return columns }
      let rounds = columns.kind != .float
      return columns.adding(kind: .float) { _ in rounds ? [.roundToFloat] : [] }
    }
  }

  /// One column for each category of each column: 1 where it is that one.
  mutating func oneHot(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try columns(operation)
    let texts = try operation.strings("cats_strings")
    let numbers = try operation.integers("cats_int64s").map(Double.init)
    guard columns.kind == .text ? numbers.isEmpty : texts.isEmpty else {
      throw operation.error(.unsupported, "texts for columns of numbers, or numbers for texts")
    }
    let count = texts.count + numbers.count
    guard columns.count * count <= Preprocessing.maximumSize else {
      throw operation.error(.tooLarge, "\(count) categories of \(columns.count) columns")
    }
    var made: [Preprocessing.Column] = []
    made.reserveCapacity(columns.count * count)
    for column in columns.columns {
      let codes = columns.kind == .text ? texts.map { code(of: $0, in: column.source) } : numbers
      for code in codes {
        made.append(Preprocessing.Column(column.source, column.operations + [.equals(code)]))
      }
    }
    return ONNXColumns(stages: columns.stages, columns: made, kind: .float)
  }

  /// Numbers between two bounds.
  func clipped(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try numeric(operation)
    func bound(_ index: Int, _ name: String, default value: Double) throws -> Double {
      if let constant = try constant(operation, index) {
        return try constant.numbers().first ?? value
      }
      return try operation.number(name).map(Double.init) ?? value
    }
    let low = try bound(1, "min", default: -.infinity)
    let high = try bound(2, "max", default: .infinity)
    return columns.adding(kind: columns.kind) { _ in [.clip(low, high)] }
  }

  /// The first input, which must be columns of numbers.
  private func numeric(_ operation: ONNXOperation) throws -> ONNXColumns {
    let columns = try columns(operation)
    guard columns.kind != .text else {
      throw operation.error(.unsupported, "texts where only numbers are read")
    }
    return columns
  }

  /// The code of a text in a column of the input, which learns it if it is new.
  mutating func code(of text: String, in column: Int) -> Double {
    var codes = self.codes[column] ?? [:]
    // Taken out while it changes, so that it is not copied.
    self.codes[column] = nil
    let code = codes[text] ?? codes.count
    codes[text] = code
    self.codes[column] = codes
    return Double(code)
  }

  /// Other values for the values of columns, or other names for classes.
  mutating func readLabelEncoder(_ operation: ONNXOperation) throws {
    let input = try value(operation, 0)
    if case .label(let scores) = input {
      return try set(operation, .label(try renamed(scores, operation)))
    }
    let columns = try columns(operation)
    let values = try numbers(operation, "values")
    guard values.text.isEmpty else {
      throw operation.error(.unsupported, "texts that are made of columns")
    }
    let keys = try numbers(operation, "keys")
    let isText = columns.kind == .text
    guard isText ? keys.text.count == values.number.count : keys.number.count == values.number.count
    else { throw operation.error(.malformed, "keys and values do not fit each other") }
    let fallback: Double =
      switch values.kind {
      case .integer: Double(try operation.integer("default_int64", default: -1))
      default: Double(try operation.number("default_float") ?? -0.0)
      }
    let defaultTensor = try operation.tensor("default_tensor")?.numbers().first
    var made: [Preprocessing.Column] = []
    for column in columns.columns {
      let keys = isText ? keys.text.map { code(of: $0, in: column.source) } : keys.number
      let table = ColumnTable(
        zip(keys, values.number).map { (key: $0, value: $1) }, default: defaultTensor ?? fallback)
      made.append(Preprocessing.Column(column.source, column.operations + [.map(table)]))
    }
    try set(
      operation,
      .columns(ONNXColumns(stages: columns.stages, columns: made, kind: values.kind)))
  }

  /// The keys or the values of a LabelEncoder, in whichever of its attributes they are.
  private func numbers(
    _ operation: ONNXOperation, _ name: String
  ) throws -> (text: [String], number: [Double], kind: ONNXColumns.Kind) {
    if let tensor = try operation.tensor(name + "_tensor") {
      if tensor.type == .string { return (tensor.texts, [], .text) }
      let kind: ONNXColumns.Kind =
        tensor.type == .float ? .float : tensor.type == .double ? .double : .integer
      return ([], try tensor.numbers(), kind)
    }
    let texts = try operation.strings(name + "_strings")
    if !texts.isEmpty { return (texts, [], .text) }
    let integers = try operation.integers(name + "_int64s")
    if !integers.isEmpty { return ([], integers.map(Double.init), .integer) }
    return ([], try operation.numbers(name + "_floats").map(Double.init), .float)
  }

  /// The classes by the names that a LabelEncoder gives them.
  private func renamed(_ scores: ONNXScores, _ operation: ONNXOperation) throws -> ONNXScores {
    let keys = try numbers(operation, "keys")
    let values = try numbers(operation, "values")
    let names = scores.labels?.names ?? (0..<scores.width).map(String.init)
    let keyNames = keys.text.isEmpty ? keys.number.map(ClassLabels.name) : keys.text
    let valueNames = values.text.isEmpty ? values.number.map(ClassLabels.name) : values.text
    guard keyNames.count == valueNames.count else {
      throw operation.error(.malformed, "keys and values do not fit each other")
    }
    let table = Dictionary(zip(keyNames, valueNames), uniquingKeysWith: { first, _ in first })
    let renamed = try names.map {
      guard let name = table[$0] else {
        throw operation.error(.unsupported, "the class \($0.quoted) gets no name")
      }
      return name
    }
    var scores = scores
    scores.labels = ClassLabels(
      names: renamed, numbers: values.text.isEmpty ? renamed.compactMap { Float($0) } : nil)
    return scores
  }

  /// Some columns, or the class at the position that an ArgMax found.
  mutating func readSelection(_ operation: ONNXOperation) throws {
    let isGather = operation.type == "Gather"
    let axis = isGather ? try operation.integer("axis", default: 0) : 1
    switch (try value(operation, 0), try value(operation, 1)) {
    case (.columns(let columns), .constant(let positions)):
      guard axis == 1 || axis == -1, positions.count <= Preprocessing.maximumSize else {
        throw operation.error(.unsupported, "rows that are chosen by position")
      }
      try set(operation, .columns(columns.selecting(try positions.integers())))
    case (.constant(let classes), .label(var scores)):
      guard axis == 0 || !isGather, classes.count == scores.width else {
        throw operation.error(.unsupported, "\(classes.count) names for \(scores.width) classes")
      }
      if classes.type == .string {
        scores.labels = ClassLabels(names: classes.texts)
      } else {
        let numbers = try classes.numbers()
        scores.labels = ClassLabels(
          names: numbers.map(ClassLabels.name), numbers: numbers.map { Float($0) })
      }
      try set(operation, .label(scores))
    case (.scores(var scores), .constant(let positions)):
      // The probability of class 1 of two.
      guard axis == 1 || axis == -1, scores.task == .binary, try positions.integers() == [1] else {
        throw operation.error(.unsupported, "some of an ensemble's answers are not read")
      }
      scores.task = .regression
      try set(operation, .scores(scores))
    default: throw operation.error(.unsupported, "a choice of this is not read")
    }
  }
}

extension ClassLabels {
  /// A number as the name of a class: whole ones without a fraction.
  static func name(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }
}
