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
    let takesUnknown = ["infrequent_if_exist", "warn"].contains(
      fields["handle_unknown"].flatMap(graph.text))
    let groups = try groups(fields, count: input.columns.count)
    var output = Output(columns: [], isSparse: isSparse)
    for (index, (column, keys)) in try encoded(fields, input.columns).enumerated() {
      guard let group = groups[index] else {
        for (position, key) in keys.enumerated() where position != dropped[index] {
          output.columns.append(column.then(.equals(key)))
        }
        continue
      }
      try Self.check(group, keys)
      let rare = group.max() ?? 0
      let droppedCode = dropped[index].flatMap { group.indices.contains($0) ? group[$0] : nil }
      for (key, code) in zip(keys, group) where code != rare && code != droppedCode {
        output.columns.append(column.then(.equals(key)))
      }
      guard rare != droppedCode else { continue }
      try charge(keys.count)
      let entries = zip(keys, group).map { (key: $0, value: $1 == rare ? 1.0 : 0) }
      output.columns.append(
        column.then(.map(ColumnTable(entries, default: takesUnknown ? 1 : 0))))
    }
    return output
  }

  /// `OrdinalEncoder`: the number of the category.
  mutating func ordinal(_ fields: PickleFields, _ input: Output) throws -> Output {
    let unknown =
      fields["handle_unknown"].flatMap(graph.text) == "use_encoded_value"
      ? fields["unknown_value"].flatMap(graph.number) ?? .nan : .nan
    let missing = fields["encoded_missing_value"].flatMap(graph.number) ?? .nan
    let groups = try groups(fields, count: input.columns.count)
    return Output(
      columns: try zip(encoded(fields, input.columns), groups).map { encoded, group in
        let (column, keys) = encoded
        let codes = group ?? Array(keys.indices)
        try Self.check(codes, keys)
        let entries = zip(keys, codes).map { key, code in
          (key: key, value: key.isNaN ? missing : Double(code))
        }
        return column.then(.map(ColumnTable(entries, default: unknown)))
      })
  }

  /// The code of each category of each column, where infrequent categories share the last one; nil
  /// for columns without such.
  private mutating func groups(_ fields: PickleFields, count: Int) throws -> [[Int]?] {
    let none = [[Int]?](repeating: nil, count: count)
    guard let value = fields["_default_to_infrequent_mappings"] else { return none }
    guard let mappings = graph.elements(value), mappings.count == count else {
      throw ModelFormatError(.malformed, "expected \(count) elements")
        .inside("_default_to_infrequent_mappings")
    }
    return try mappings.map { mapping in
      guard mapping != .none else { return nil }
      guard case .array(let array) = graph[mapping], let codes = array.integers() else {
        throw ModelFormatError(.malformed, "expected whole numbers")
          .inside("_default_to_infrequent_mappings")
      }
      try charge(codes.count)
      return codes
    }
  }

  private static func check(_ codes: [Int], _ keys: [Double]) throws {
    // The missing value, where it is the last category, may have no code.
    guard codes.count == keys.count || codes.count + 1 == keys.count && keys.last?.isNaN == true
    else {
      throw ModelFormatError(.malformed, "expected a code for each of \(keys.count) categories")
        .inside("_default_to_infrequent_mappings")
    }
  }

  /// The numbers by which each column tells its categories, in order.
  private mutating func encoded(
    _ fields: PickleFields, _ columns: [Column]
  ) throws -> [(column: Column, keys: [Double])] {
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
