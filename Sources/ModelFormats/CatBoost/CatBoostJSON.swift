import Forest
import JSON

/// Reads the JSON that CatBoost's `save_model(format="json")` writes.
struct CatBoostJSON {
  private var model = CatBoostModel()

  static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws -> TreeModel {
    var reader = CatBoostJSON()
    try JSONScanner.read(bytes, allowsNonFinite: true) { try reader.readDocument(&$0) }
    try reader.finish()
    return try reader.model.treeModel(format: .catboostJSON)
  }

  /// Whether a JSON document is one of CatBoost's; what is broken is left to the reader to tell.
  static func isModel(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    struct Answer: Error { var isModel: Bool }
    do {
      try JSONScanner.read(bytes, allowsNonFinite: true) { json in
        try json.object { key, json in
          switch key {
          case "learner": throw Answer(isModel: false)
          case "features_info", "oblivious_trees", "scale_and_bias": throw Answer(isModel: true)
          default: try json.skip()
          }
        }
      }
    } catch let answer as Answer {
      return answer.isModel
    } catch {}
    return false
  }

  private mutating func readDocument(_ json: inout JSONScanner) throws {
    try json.fields { key, json in
      switch key {
      case "features_info": try readFeatures(&json)
      case "model_info": try model.info.read(&json)
      case "scale_and_bias": try readScaleAndBias(&json)
      case "oblivious_trees":
        try json.elements { _, json in model.trees.append(try Self.symmetricTree(&json)) }
      case "trees":
        var reader = CatBoostJSONTree()
        try json.elements { _, json in model.trees.append(try reader.read(&json)) }
      default: try json.skip()
      }
    }
  }

  /// `[scale, bias]`, where the bias is a number or one an output.
  private mutating func readScaleAndBias(_ json: inout JSONScanner) throws {
    try json.elements { index, json in
      switch index {
      case 0: model.scale = try json.number()
      case 1 where try json.kind() == .array: try json.numbers(into: &model.biases)
      case 1: model.biases = [try json.number()]
      default: try json.skip()
      }
    }
  }

  private mutating func readFeatures(_ json: inout JSONScanner) throws {
    try json.fields { key, json in
      switch key {
      case "float_features":
        try json.optionalElements { try readFloatFeature(&$0) }
      case "categorical_features":
        try json.optionalElements { try readCategoricalFeature(&$0) }
      case "text_features", "embedding_features":
        let kind = key == "text_features" ? "text" : "embedding"
        try json.optionalElements { try readOtherFeature(kind, &$0) }
      case "ctrs":
        try json.optionalElements { json in
          try json.skip()
          if model.refusedFeatures.isEmpty {
            model.refuse("counters of categorical", name: nil, column: -1)
          }
        }
      case "cat_features_hash":
        try json.optionalElements { json in
          var hash: UInt32?
          var text: String?
          try json.fields { key, json in
            switch key {
            case "hash": hash = try json.hash()
            case "value": text = try json.string()
            default: try json.skip()
            }
          }
          if let hash, let text { model.texts[hash] = text }
        }
      default: try json.skip()
      }
    }
  }

  private mutating func readFloatFeature(_ json: inout JSONScanner) throws {
    var feature = CatBoostModel.FloatFeature(index: -1, column: -1)
    try json.fields { key, json in
      switch key {
      case "feature_index": feature.index = try json.integer()
      case "flat_feature_index": feature.column = try json.integer()
      case "feature_id", "feature_name": feature.name = try json.string()
      case "nan_value_treatment": feature.missingIsAbove = try json.string() == "AsTrue"
      default: try json.skip()
      }
    }
    model.floatFeatures.append(feature)
  }

  private mutating func readCategoricalFeature(_ json: inout JSONScanner) throws {
    var feature = CatBoostModel.CategoricalFeature(index: -1, column: -1)
    var texts: [String] = []
    try json.fields { key, json in
      switch key {
      case "feature_index": feature.index = try json.integer()
      case "flat_feature_index": feature.column = try json.integer()
      case "feature_id", "feature_name": feature.name = try json.string()
      case "values":
        try json.optionalElements { feature.hashes.append(try $0.hash()) }
      case "string_values":
        try json.optionalElements { texts.append(try $0.string()) }
      default: try json.skip()
      }
    }
    if texts.count == feature.hashes.count {
      for (hash, text) in zip(feature.hashes, texts) { model.texts[hash] = text }
    }
    model.categoricalFeatures.append(feature)
  }

  private mutating func readOtherFeature(_ kind: String, _ json: inout JSONScanner) throws {
    var column = -1
    var name: String?
    try json.fields { key, json in
      switch key {
      case "flat_feature_index": column = try json.integer()
      case "feature_id", "feature_name": name = try json.string()
      default: try json.skip()
      }
    }
    model.refuse(kind, name: name, column: column)
  }

  private static func symmetricTree(_ json: inout JSONScanner) throws -> CatBoostTree {
    var tree = CatBoostTree(shape: .symmetric([]), values: [], weights: [])
    var questions: [CatBoostQuestion] = []
    try json.fields { key, json in
      switch key {
      case "leaf_values": try json.numbers(into: &tree.values)
      case "leaf_weights": try json.numbers(into: &tree.weights)
      case "splits": try json.optionalElements { questions.append(try $0.catBoostQuestion()) }
      default: try json.skip()
      }
    }
    tree.shape = .symmetric(questions)
    return tree
  }

  /// Puts columns and what is missing into the questions, which name features by their numbers.
  private mutating func finish() throws {
    guard let first = model.trees.first else {
      throw ModelFormatError(.malformed, "there are no trees")
    }
    guard model.refusedFeatures.isEmpty else { return }
    switch first.shape {
    case .symmetric(let questions):
      // A wrong depth is told when the tree is made.
      model.width = max(first.values.count >> min(questions.count, 62), 1)
    case .free(let nodes): model.width = max(first.values.count / (nodes.count + 1), 1)
    }
    let numbers = Dictionary(
      model.floatFeatures.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
    let categories = Dictionary(
      model.categoricalFeatures.map { ($0.index, $0.column) },
      uniquingKeysWith: { first, _ in first })
    func placed(_ question: CatBoostQuestion) throws -> CatBoostQuestion {
      switch question {
      case .above(let index, let border, _):
        guard let feature = numbers[index] else {
          throw ModelFormatError(.malformed, "there is no float feature \(index)")
        }
        return .above(feature: feature.column, border: border, whenMissing: feature.missingIsAbove)
      case .equals(let index, let hash):
        guard let column = categories[index] else {
          throw ModelFormatError(.malformed, "there is no categorical feature \(index)")
        }
        return .equals(feature: column, hash: hash)
      }
    }
    for index in model.trees.indices {
      do {
        switch model.trees[index].shape {
        case .symmetric(let questions):
          model.trees[index].shape = .symmetric(try questions.map(placed))
        case .free(var nodes):
          for node in nodes.indices { nodes[node].question = try placed(nodes[node].question) }
          model.trees[index].shape = .free(nodes)
        }
      } catch {
        throw ModelFormatError(wrapping: error).inside("trees[\(index)]")
      }
    }
  }
}

/// Reads the trees of the JSON that are not symmetric: nodes within nodes.
struct CatBoostJSONTree {
  private var nodes: [CatBoostTree.Branch] = []
  private var values: [Double] = []
  private var weights: [Double] = []
  private var leafCount = 0

  mutating func read(_ json: inout JSONScanner) throws -> CatBoostTree {
    nodes = []
    values = []
    weights = []
    leafCount = 0
    _ = try child(&json)
    return CatBoostTree(
      shape: .free(nodes), values: values, weights: weights.count == leafCount ? weights : [])
  }

  /// Reads a node and those below it, which takes as much of the stack as the scanner allows depth.
  private mutating func child(_ json: inout JSONScanner) throws -> CatBoostTree.Child {
    var question: CatBoostQuestion?
    var no: CatBoostTree.Child?
    var yes: CatBoostTree.Child?
    var value: [Double] = []
    var weight: Double?
    // The place is taken before those below take theirs; a leaf gives it back.
    let place = nodes.count
    nodes.append(
      CatBoostTree.Branch(question: .equals(feature: -1, hash: 0), no: .leaf(0), yes: .leaf(0)))
    try json.fields { key, json in
      switch key {
      case "split": question = try json.catBoostQuestion()
      case "left": no = try child(&json)
      case "right": yes = try child(&json)
      case "value" where try json.kind() == .array: try json.numbers(into: &value)
      case "value": value = [try json.number()]
      case "weight": weight = try json.number()
      default: try json.skip()
      }
    }
    if let question, let no, let yes {
      nodes[place] = CatBoostTree.Branch(question: question, no: no, yes: yes)
      return .node(place)
    }
    guard question == nil, no == nil, yes == nil, !value.isEmpty, place == nodes.count - 1,
      leafCount == 0 || value.count * leafCount == values.count
    else {
      throw ModelFormatError(
        .malformed, "a node has neither split, left and right nor a value as long as the others")
    }
    nodes.removeLast()
    values += value
    if let weight { weights.append(weight) }
    leafCount += 1
    return .leaf(leafCount - 1)
  }
}

extension JSONScanner {
  /// Reads the elements of an array; `null` counts as an empty one, as CatBoost writes it.
  fileprivate mutating func optionalElements(
    _ element: (inout JSONScanner) throws -> Void
  ) throws {
    if try null() { return }
    try elements { _, json in try element(&json) }
  }

  /// Reads a hash, which CatBoost writes with a sign in one place and without in another.
  fileprivate mutating func hash() throws -> UInt32 {
    let number = try integer()
    guard Int(Int32.min)...Int(UInt32.max) ~= number else {
      throw ModelFormatError(.malformed, "\(number) is no hash of 32 bits")
    }
    return UInt32(truncatingIfNeeded: number)
  }

  /// Reads a question; its feature is the number among those of its kind.
  fileprivate mutating func catBoostQuestion() throws -> CatBoostQuestion {
    var type: String?
    var feature: Int?
    var border: Double?
    var hash: UInt32?
    try fields { key, json in
      switch key {
      case "split_type": type = try json.string()
      case "float_feature_index", "cat_feature_index": feature = try json.integer()
      case "border": border = try json.number()
      case "value": hash = try json.hash()
      default: try json.skip()
      }
    }
    switch (type, feature, border, hash) {
    case ("FloatFeature", .some(let feature), .some(let border), _):
      return .above(feature: feature, border: Float(border), whenMissing: false)
    case ("OneHotFeature", .some(let feature), _, .some(let hash)):
      return .equals(feature: feature, hash: hash)
    case ("OnlineCtr", _, _, _):
      throw ModelFormatError(.unsupported, "a split asks for counters of a categorical feature")
    case ("EstimatedFeature", _, _, _):
      throw ModelFormatError(.unsupported, "a split asks for a text or embedding feature")
    default:
      throw ModelFormatError(
        .malformed, "a split of the type \((type ?? "none").quoted) lacks feature, border or value")
    }
  }
}
