import Forest

extension ColumnPipeline {
  /// `ColumnTransformer`: transformers side by side, each for some columns.
  mutating func columnTransformer(_ fields: PickleFields, _ input: Output) throws -> Output {
    guard let elements = fields["transformers_"].flatMap(graph.elements) else {
      throw ModelFormatError(
        .malformed, "there are no transformers", remedy: "fit the model before it is pickled"
      ).inside("transformers_")
    }
    let names = try TransformerInput(graph: graph).names(fields)
    var output = Output(columns: [])
    for (index, element) in elements.enumerated() {
      let place = "transformers_[\(index)]"
      guard let entry = graph.tuple(element), entry.count == 3 else {
        throw ModelFormatError(.malformed, "expected a name, a transformer and columns")
          .inside(place)
      }
      if graph.text(entry[1]) == "drop" { continue }
      do {
        let positions = try positions(entry[2], names: names, count: input.columns.count)
        guard !positions.isEmpty else { continue }
        try charge(positions.count)
        let part = Output(columns: positions.map { input.columns[$0] }, isSparse: input.isSparse)
        output.columns +=
          try transformer(entry[1]).map { try transformed(part, by: $0) }?.columns
          ?? part.columns
        try charge(output.columns.count)
      } catch {
        throw ModelFormatError(wrapping: error).inside(place)
      }
    }
    output.isSparse = fields["sparse_output_"].flatMap(graph.integer) == 1
    return output
  }

  /// The columns that a specification names: positions, names, flags or a slice.
  private func positions(
    _ value: PickleValue, names: [String]?, count: Int
  ) throws -> [Int] {
    if case .object(let slice) = graph[value], slice.kind == .slice {
      return try positions(slice, count: count)
    }
    func position(_ value: PickledScalar) throws -> Int {
      switch value {
      case .text(let text):
        if let position = names?.firstIndex(of: text) { return position }
        throw ModelFormatError(.malformed, "there is no column \(text.quoted)")
      case .number(let number):
        guard let index = Int(exactly: number), -count..<count ~= index else {
          throw ModelFormatError(.malformed, "there is no column \(number)")
        }
        return index < 0 ? index + count : index
      }
    }
    if let text = graph.text(value) { return [try position(.text(text))] }
    if let number = graph.number(value) { return [try position(.number(number))] }
    if case .object(let index) = graph[value], index.kind == .pandasIndex {
      return try (TransformerInput(graph: graph).texts(index) ?? []).map {
        try position(.text($0))
      }
    }
    if case .array(let array) = graph[value] {
      guard array.type.kind != UInt8(ascii: "b") else {
        return try flagged(array.integers() ?? [], count: count)
      }
      return try PickledScalar.values(array, in: graph).map(position)
    }
    guard let elements = graph.elements(value), elements.count <= count else {
      throw ModelFormatError(.unsupported, "the columns are named in no way that is read")
    }
    let flags = elements.compactMap { element in
      if case .bool(let flag) = element { flag ? 1 : 0 } else { nil }
    }
    if !elements.isEmpty, flags.count == elements.count {
      return try flagged(flags, count: count)
    }
    return try elements.map { element in
      if let text = graph.text(element) { return try position(.text(text)) }
      guard let number = graph.number(element) else {
        throw ModelFormatError(.unsupported, "the columns are named in no way that is read")
      }
      return try position(.number(number))
    }
  }

  private func flagged(_ flags: [Int], count: Int) throws -> [Int] {
    guard flags.count == count else {
      throw ModelFormatError(.malformed, "expected \(count) flags")
    }
    return flags.indices.filter { flags[$0] != 0 }
  }

  private func positions(_ slice: PickleObject, count: Int) throws -> [Int] {
    guard let bounds = graph.tuple(slice.arguments), bounds.count == 3,
      graph.integer(bounds[2]) ?? 1 == 1
    else { throw ModelFormatError(.unsupported, "a slice with steps is not supported") }
    func bound(_ value: PickleValue, _ fallback: Int) throws -> Int {
      guard value != .none else { return fallback }
      guard let number = graph.integer(value) else {
        throw ModelFormatError(.unsupported, "a slice of names is not supported")
      }
      return max(0, min(count, number < 0 ? number + count : number))
    }
    let (start, end) = (try bound(bounds[0], 0), try bound(bounds[1], count))
    return start < end ? Array(start..<end) : []
  }
}
