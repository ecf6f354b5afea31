import Forest

/// Reads CatBoost's own binary model: `CBM1`, the length of a FlatBuffers document, the document,
/// and after it the tables of counters, which are not read.
struct CatBoostBinary {
  private var model = CatBoostModel()
  /// The questions that trees point into: borders of numbers, then hashes of categories.
  private var questions: [CatBoostQuestion] = []

  static func read(_ bytes: UnsafeRawBufferPointer) throws -> TreeModel {
    guard bytes.count >= 12 else {
      throw ModelFormatError(.malformed, "the file ends too early", offset: bytes.count)
    }
    // Safe: the four bytes lie within the 12 that there are at least.
    let length = Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    guard length <= bytes.count - 8 else {
      throw ModelFormatError(
        .malformed,
        "the file says that it has \(length) bytes of model, but \(bytes.count - 8)"
          + " follow", offset: 4)
    }
    var reader = CatBoostBinary()
    let core = UnsafeRawBufferPointer(rebasing: bytes[..<(8 + length)])
    try reader.readCore(FlatTable(rootAt: 8, of: core))
    return try reader.model.treeModel(format: .catboostBinary)
  }

  private mutating func readCore(_ core: FlatTable) throws {
    let version = try core.string(0)
    // The missing letter is CatBoost's.
    guard version == "FlabuffersModel_v1" else {
      throw ModelFormatError(.unsupported, "the core is \((version ?? "nothing").quoted)")
        .inside("FormatVersion")
    }
    for entry in try core.tables(2) {
      try model.info.read(key: entry.string(0) ?? "", value: entry.string(1) ?? "")
    }
    guard let trees = try core.table(1) else {
      throw ModelFormatError(.malformed, "there are no trees").inside("trees")
    }
    model.width = Int(try trees.number(0, default: Int32(0)))
    guard model.width >= 1 else {
      throw ModelFormatError(.malformed, "leaves of \(model.width) values").inside("trees")
    }
    model.scale = try trees.number(14, default: 1.0)
    model.biases = try trees.numbers(16, of: Double.self)
    if model.biases.isEmpty { model.biases = [try trees.number(15, default: 0.0)] }
    try readFeatures(trees)
    try readTrees(trees)
  }

  private mutating func readFeatures(_ trees: FlatTable) throws {
    for table in try trees.tables(5) {
      let feature = CatBoostModel.FloatFeature(
        index: Int(try table.number(1, default: Int32(-1))),
        column: Int(try table.number(2, default: Int32(-1))), name: try table.string(4),
        borders: try table.numbers(3, of: Float.self),
        missingIsAbove: try table.number(5, default: Int8(0)) == 2)
      model.floatFeatures.append(feature)
      for border in feature.borders {
        questions.append(
          .above(
            feature: feature.column, border: border, whenMissing: feature.missingIsAbove))
      }
    }
    for table in try trees.tables(4) {
      model.categoricalFeatures.append(
        CatBoostModel.CategoricalFeature(
          index: Int(try table.number(0, default: Int32(-1))),
          column: Int(try table.number(1, default: Int32(-1))), name: try table.string(2)))
    }
    try readOtherFeatures(trees)
    let positions = Dictionary(
      model.categoricalFeatures.enumerated().map { ($1.index, $0) },
      uniquingKeysWith: { first, _ in first })
    for table in try trees.tables(6) {
      let index = Int(try table.number(0, default: Int32(-1)))
      guard let position = positions[index] else {
        throw ModelFormatError(.malformed, "there is no categorical feature \(index)")
      }
      let hashes = try table.numbers(1, of: UInt32.self)
      let texts = try table.strings(2)
      if texts.count == hashes.count {
        for (hash, text) in zip(hashes, texts) { model.texts[hash] = text }
      }
      model.categoricalFeatures[position].hashes += hashes
      for hash in hashes {
        questions.append(
          .equals(feature: model.categoricalFeatures[position].column, hash: hash))
      }
    }
  }

  /// Text and embeddings, and counters, which are made of categories.
  private mutating func readOtherFeatures(_ trees: FlatTable) throws {
    for (field, kind, usedField) in [(12, "text", 3), (18, "embedding", 4)] {
      for table in try trees.tables(field) {
        let column = Int(try table.number(1, default: Int32(-1)))
        let name = try table.string(2)
        model.otherColumns.append((column, name))
        if try table.number(usedField, default: UInt8(1)) != 0 {
          model.refuse(kind, name: name, column: column)
        }
      }
    }
    for table in try trees.tables(7) {
      let combination = try table.table(0)?.table(0)?.table(0)
      let indices = try combination?.numbers(0, of: Int32.self) ?? []
      let feature = model.categoricalFeatures.first { $0.index == Int(indices.first ?? -1) }
      model.refuse("counters of categorical", name: feature?.name, column: feature?.column ?? -1)
    }
    if model.refusedFeatures.isEmpty, try !trees.tables(13).isEmpty {
      model.refuse("text or embedding", name: nil, column: -1)
    }
  }

  private mutating func readTrees(_ trees: FlatTable) throws {
    // What is refused would make the numbers of the questions wrong.
    guard model.refusedFeatures.isEmpty else { return }
    let splits = try trees.numbers(1, of: Int32.self)
    let sizes = try trees.numbers(2, of: Int32.self)
    let values = try trees.numbers(8, of: Double.self)
    let weights = try trees.numbers(9, of: Double.self)
    let steps = try trees.numbers(10, of: UInt32.self)
    let leafStarts = try trees.numbers(11, of: UInt32.self)
    guard steps.isEmpty || steps.count == splits.count && leafStarts.count == splits.count else {
      throw ModelFormatError(
        .malformed,
        "\(splits.count) splits, but \(steps.count) steps and \(leafStarts.count) leaves of nodes"
      ).inside("trees")
    }
    var start = 0
    var leaf = 0
    for (index, size) in sizes.enumerated() {
      guard size >= 0, Int(size) <= splits.count - start else {
        throw ModelFormatError(.malformed, "it has \(size) of \(splits.count - start) splits left")
          .inside("trees[\(index)]")
      }
      let range = start..<start + Int(size)
      start = range.upperBound
      do {
        if steps.isEmpty {
          let questions = try splits[range].map { try question($0) }
          guard questions.count <= CatBoostTree.maximumDepth,
            model.width << questions.count <= values.count - leaf
          else {
            throw ModelFormatError(
              .malformed,
              "\(size) levels need more leaf values than the \(values.count - leaf) left")
          }
          let end = leaf + model.width << questions.count
          model.trees.append(
            CatBoostTree(
              shape: .symmetric(questions), values: Array(values[leaf..<end]),
              weights: weights.count * model.width == values.count
                ? Array(weights[leaf / model.width..<end / model.width]) : []))
          leaf = end
        } else {
          model.trees.append(
            try tree(range, splits: splits, steps: steps, leafStarts: leafStarts, values, weights))
        }
      } catch {
        throw ModelFormatError(wrapping: error).inside("trees[\(index)]")
      }
    }
  }

  private func question(_ index: Int32) throws -> CatBoostQuestion {
    guard questions.indices.contains(Int(index)) else {
      throw ModelFormatError(
        .malformed, "split \(index) lies outside the \(questions.count) of the model")
    }
    return questions[Int(index)]
  }

  /// A tree that is not symmetric.
  ///
  /// Each node has two steps forward, for no and yes; a step of 0 ends at the node's own leaf. A
  /// node of two such steps is a leaf.
  private func tree(
    _ range: Range<Int>, splits: [Int32], steps: [UInt32], leafStarts: [UInt32],
    _ values: [Double], _ weights: [Double]
  ) throws -> CatBoostTree {
    var tree = CatBoostTree(shape: .free([]), values: [], weights: [])
    let isWeighted = weights.count * model.width == values.count
    // The place of each node that splits among those that do.
    var places = [Int](repeating: -1, count: range.count)
    var count = 0
    for index in range where steps[index] != 0 {
      places[index - range.lowerBound] = count
      count += 1
    }
    func leaf(of node: Int) throws -> CatBoostTree.Child {
      let start = Int(leafStarts[node])
      guard start % model.width == 0, start <= values.count - model.width else {
        throw ModelFormatError(.malformed, "leaf \(start) lies outside the \(values.count) values")
      }
      tree.values += values[start..<start + model.width]
      if isWeighted { tree.weights.append(weights[start / model.width]) }
      return .leaf(tree.values.count / model.width - 1)
    }
    func child(of node: Int, step: Int) throws -> CatBoostTree.Child {
      guard step != 0 else { return try leaf(of: node) }
      guard range.contains(node + step) else {
        throw ModelFormatError(.malformed, "node \(node + step) lies outside the tree")
      }
      let place = places[node + step - range.lowerBound]
      return place >= 0 ? .node(place) : try leaf(of: node + step)
    }
    var nodes: [CatBoostTree.Branch] = []
    nodes.reserveCapacity(count)
    for index in range where steps[index] != 0 {
      nodes.append(
        CatBoostTree.Branch(
          question: try question(splits[index]),
          no: try child(of: index, step: Int(steps[index] & 0xFFFF)),
          yes: try child(of: index, step: Int(steps[index] >> 16))))
    }
    if nodes.isEmpty {
      guard !range.isEmpty else { throw ModelFormatError(.malformed, "it has no nodes") }
      _ = try leaf(of: range.lowerBound)
    }
    tree.shape = .free(nodes)
    return tree
  }
}

extension CatBoostModel {
  /// Notes a feature that the trees ask for and that is not read.
  mutating func refuse(_ kind: String, name: String?, column: Int) {
    let name = name.flatMap { $0.isEmpty ? nil : "\($0.quoted)" }
    refusedFeatures.append("the \(kind) feature " + (name ?? (column >= 0 ? "\(column)" : "")))
  }
}
