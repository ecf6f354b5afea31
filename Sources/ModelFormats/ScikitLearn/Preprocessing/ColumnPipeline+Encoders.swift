import Forest

extension ColumnPipeline {
  /// `OneHotEncoder`: a column a category; what is no category is 0 in all.
  mutating func oneHot(_ fields: PickleFields, _ input: Output) throws -> Output {
    if fields["_legacy_mode"].flatMap(graph.integer) == 1 {
      throw ModelFormatError(
        .unsupported, "the encoding of whole numbers of 0.19 is not supported",
        remedy: "train with categories=\"auto\"")
    }
    let dropped = try droppedCategories(fields, count: input.columns.count)
    let isSparse = (fields["sparse_output"] ?? fields["sparse"]).flatMap(graph.integer) != 0
    var output = Output(columns: [], isSparse: isSparse)
    for (index, (column, keys)) in try encoded(fields, input.columns).enumerated() {
      for (position, key) in keys.enumerated() where position != dropped[index] {
        output.columns.append(column.then(.equals(key)))
      }
    }
    return output
  }

  /// `OrdinalEncoder`: the number of the category.
  mutating func ordinal(_ fields: PickleFields, _ input: Output) throws -> Output {
    let unknown =
      fields["handle_unknown"].flatMap(graph.text) == "use_encoded_value"
      ? fields["unknown_value"].flatMap(graph.number) ?? .nan : .nan
    let missing = fields["encoded_missing_value"].flatMap(graph.number) ?? .nan
    return Output(
      columns: try encoded(fields, input.columns).map { column, keys in
        let entries = keys.enumerated().map { position, key in
          (key: key, value: key.isNaN ? missing : Double(position))
        }
        return column.then(.map(ColumnTable(entries, default: unknown)))
      })
  }

  /// The numbers by which each column tells its categories, in order.
  private mutating func encoded(
    _ fields: PickleFields, _ columns: [Column]
  ) throws -> [(column: Column, keys: [Double])] {
    if let groups = fields["_infrequent_indices"].flatMap(graph.elements),
      groups.contains(where: { $0 != .none })
    {
      throw ModelFormatError(.unsupported, "groups of infrequent categories are not supported")
        .inside("_infrequent_indices")
    }
    guard let lists = fields["categories_"].flatMap(graph.elements), lists.count == columns.count
    else {
      throw ModelFormatError(.malformed, "expected the categories of \(columns.count) columns")
        .inside("categories_")
    }
    return try zip(columns, lists).enumerated().map { index, pair in
      do {
        return try encoded(pair.0, pair.1)
      } catch {
        throw ModelFormatError(wrapping: error).inside("categories_[\(index)]")
      }
    }
  }

  private mutating func encoded(
    _ column: Column, _ list: PickleValue
  ) throws -> (column: Column, keys: [Double]) {
    guard case .array(let array) = graph[list] else {
      throw ModelFormatError(.malformed, "expected an array")
    }
    try charge(array.count)
    let values = try PickledScalar.values(array, in: graph)
    let texts = values.compactMap { value in
      if case .text(let text) = value { text } else { nil }
    }
    guard !texts.isEmpty else {
      guard column.textForMissing == nil else {
        throw ModelFormatError(.unsupported, "a text was imputed among numbers")
      }
      return (
        column,
        values.map { if case .number(let number) = $0 { number } else { .nan } }
      )
    }
    let codes = try codes(of: texts, in: column)
    try charge(codes.count)
    var column = column
    if let text = column.textForMissing {
      // A text that is no category has no code either.
      column.operations.append(.replace(.nan, with: codes[text] ?? -1))
      column.textForMissing = nil
    }
    let keys = try values.map { value -> Double in
      switch value {
      case .text(let text): return codes[text] ?? -1
      case .number(let number) where number.isNaN: return number
      case .number:
        throw ModelFormatError(.unsupported, "categories are both texts and numbers")
      }
    }
    return (column, keys)
  }

  /// The position of the category that has no column, of each column.
  private func droppedCategories(_ fields: PickleFields, count: Int) throws -> [Int?] {
    guard let value = fields["drop_idx_"] else { return [Int?](repeating: nil, count: count) }
    var dropped = graph.elements(value)?.map(graph.integer)
    if case .array(let array) = graph[value], let numbers = array.integers() { dropped = numbers }
    guard let dropped, dropped.count == count else {
      throw ModelFormatError(.malformed, "expected \(count) elements").inside("drop_idx_")
    }
    return dropped
  }
}
