import Forest

/// What a transformer tells of the columns that it reads.
struct TransformerInput {
  let graph: PickleGraph

  /// The number of columns; nil where the transformer takes any number.
  func count(_ object: PickleObject, depth: Int = 0) throws -> Int? {
    let fields = try PickleFields(object, in: graph)
    if let count = try fields.optional("n_features_in_", PickleGraph.integer, "a whole number")
      ?? fields.optional("_n_features", PickleGraph.integer, "a whole number")
    {
      return count
    }
    if let names = try names(fields) { return names.count }
    // Before 0.23 only the arrays tell.
    for name in ["scale_", "min_", "statistics_", "scores_", "variances_", "support_", "mean_"] {
      if let array = fields.array(name) { return array.count }
    }
    if let lists = fields["categories_"].flatMap(graph.elements) { return lists.count }
    guard depth < 4 else { return nil }
    switch object.kind {
    case .pipeline: return try first(fields.steps("steps"), depth)
    case .featureUnion: return try first(fields.steps("transformer_list"), depth)
    default: return nil
    }
  }

  private func first(_ steps: [(name: String, step: PickleValue)], _ depth: Int) throws -> Int? {
    for (_, step) in steps {
      guard case .object(let object) = graph[step] else { continue }
      if let count = try count(object, depth: depth + 1) { return count }
    }
    return nil
  }

  /// The names of the columns, where they had some in training.
  func names(_ fields: PickleFields) throws -> [String]? {
    for name in ["feature_names_in_", "_feature_names_in", "_df_columns"] {
      guard let value = fields[name] else { continue }
      if case .object(let index) = graph[value], index.kind == .pandasIndex {
        return try texts(index)
      }
      if let texts = graph.texts(value) { return texts }
    }
    return nil
  }

  /// The texts of an `Index` of pandas.
  func texts(_ index: PickleObject) throws -> [String]? {
    guard let arguments = graph.tuple(index.arguments), arguments.count == 2,
      let entries = graph.attributes(arguments[1]), let data = entries["data"]
    else { return nil }
    return graph.texts(data)
  }
}
