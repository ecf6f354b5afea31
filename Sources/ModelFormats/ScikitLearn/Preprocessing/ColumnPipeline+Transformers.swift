import Forest

extension ColumnPipeline {
  /// What a transformer makes of columns.
  mutating func transformed(_ input: Output, by object: PickleObject) throws -> Output {
    let fields = try PickleFields(object, in: graph)
    try charge(input.columns.count)
    switch object.kind {
    case .pipeline: return try steps(fields, input)
    case .featureUnion: return try union(fields, input)
    case .columnTransformer: return try columnTransformer(fields, input)
    case .functionTransformer:
      try checkNoFunction(fields)
      return input
    case .simpleImputer: return try imputed(fields, input)
    case .oneHotEncoder: return try oneHot(fields, input)
    case .ordinalEncoder: return try ordinal(fields, input)
    case .selectKBest, .selectPercentile, .selectFpr, .varianceThreshold, .rfe, .rfecv:
      let mask = try FeatureSelection.mask(
        object.kind, fields, count: input.columns.count)
      return Output(
        columns: zip(input.columns, mask).filter(\.1).map(\.0), isSparse: input.isSparse)
    case .standardScaler, .minMaxScaler, .maxAbsScaler, .robustScaler:
      return try scaled(object.kind, fields, input)
    case .normalizer:
      throw ModelFormatError(
        .unsupported, "a Normalizer is read only where it stands between whole rows",
        offset: object.offset)
    default:
      throw ModelFormatError(
        .unsupported, "\(object.kind.rawValue) is no transformer that is read here",
        offset: object.offset)
    }
  }

  private mutating func scaled(
    _ kind: PickleClass, _ fields: PickleFields, _ input: Output
  ) throws -> Output {
    var output = input
    if let column = input.columns.first(where: { $0.textForMissing != nil }) {
      throw ModelFormatError(
        .unsupported, "column \(column.source) is text, which \(kind.rawValue) cannot scale")
    }
    func step(_ name: String, _ operation: (Double) -> ColumnOperation) throws {
      let numbers = try fields.numbers(name, count: input.columns.count)
      for (index, number) in numbers.enumerated() {
        output.columns[index].operations.append(operation(number))
      }
    }
    func asks(_ flag: String) -> Bool { fields[flag].flatMap(graph.integer) != 0 }
    switch kind {
    case .standardScaler:
      if asks("with_mean") { try step("mean_") { .subtract($0) } }
      if asks("with_std") { try step("scale_") { .divide($0) } }
    case .minMaxScaler:
      try step("scale_") { .multiply($0) }
      try step("min_") { .add($0) }
      if let clip = fields["clip"].flatMap(graph.integer), clip != 0 {
        guard let range = fields["feature_range"].flatMap(graph.elements), range.count == 2,
          let low = graph.number(range[0]), let high = graph.number(range[1]), low <= high
        else {
          throw ModelFormatError(.malformed, "expected two numbers").inside("feature_range")
        }
        for index in output.columns.indices {
          output.columns[index].operations.append(.clip(low, high))
        }
      }
    case .maxAbsScaler: try step("scale_") { .divide($0) }
    default:
      if asks("with_centering") { try step("center_") { .subtract($0) } }
      if asks("with_scaling") { try step("scale_") { .divide($0) } }
    }
    return output
  }

  /// `SimpleImputer`: a column without any value in training is left out.
  private mutating func imputed(_ fields: PickleFields, _ input: Output) throws -> Output {
    // None is missing among texts, as NaN is.
    let missing = try fields.optional("missing_values", PickleGraph.number, "a number") ?? .nan
    let statistics = try fields.values("statistics_", count: input.columns.count)
    var output = Output(columns: [], isSparse: input.isSparse)
    for (column, value) in zip(input.columns, statistics) {
      switch value {
      case .text(let text):
        var column = column
        guard column.operations.isEmpty else {
          throw ModelFormatError(.unsupported, "a transformer of numbers stands ahead of texts")
        }
        column.textForMissing = text
        output.columns.append(column)
      case .number(let number) where !number.isNaN:
        output.columns.append(column.then(.replace(missing, with: number)))
      case .number: continue
      }
    }
    guard let indicator = fields["indicator_"], case .object(let indicator) = graph[indicator]
    else { return output }
    let positions = try PickleFields(indicator, in: graph).array("features_")?.integers() ?? []
    guard positions.allSatisfy(input.columns.indices.contains) else {
      throw ModelFormatError(.malformed, "a column does not exist").inside("indicator_.features_")
    }
    try charge(positions.count)
    output.columns += positions.map { input.columns[$0].then(.equals(missing)) }
    return output
  }

  /// A `FunctionTransformer` without a function, or with the check that histogram boosting makes of
  /// its numbers.
  private func checkNoFunction(_ fields: PickleFields) throws {
    guard let function = fields["func"] else { return }
    if case .object(let partial) = graph[function], partial.kind == .partial { return }
    throw ModelFormatError(
      .unsupported, "a FunctionTransformer with a function is not supported",
      remedy: "apply the function before the rows are sent"
    ).inside("func")
  }

  private mutating func steps(_ fields: PickleFields, _ input: Output) throws -> Output {
    var output = input
    for (name, step) in try fields.steps("steps") {
      guard let object = try transformer(step) else { continue }
      do {
        output = try transformed(output, by: object)
      } catch {
        throw ModelFormatError(wrapping: error).inside(name)
      }
    }
    return output
  }

  private mutating func union(_ fields: PickleFields, _ input: Output) throws -> Output {
    guard fields["transformer_weights"] == nil else {
      throw ModelFormatError(.unsupported, "weights of transformers are not supported")
        .inside("transformer_weights")
    }
    var output = Output(columns: [])
    for (name, step) in try fields.steps("transformer_list") where graph.text(step) != "drop" {
      do {
        let part = try transformer(step).map { try transformed(input, by: $0) } ?? input
        output.columns += part.columns
        output.isSparse = output.isSparse || part.isSparse
      } catch {
        throw ModelFormatError(wrapping: error).inside(name)
      }
    }
    return output
  }

  /// The transformer that a step is; nil where it does nothing.
  func transformer(_ step: PickleValue) throws -> PickleObject? {
    if step == .none || graph.text(step) == "passthrough" { return nil }
    guard case .object(let object) = graph[step] else {
      throw ModelFormatError(.malformed, "expected a transformer")
    }
    return object
  }
}
