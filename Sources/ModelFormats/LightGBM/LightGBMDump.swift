import Forest
import JSON

/// Reads the JSON that `dump_model` gives.
///
/// LightGBM itself cannot read it back; it holds all that prediction needs since 2.2.3.
struct LightGBMDump {
  private var model = LightGBMModel()
  /// Whether the dump says if it averages; those that do not leave the objective out as well.
  private var isComplete = false
  private var infos: [String: LightGBMModel.Info] = [:]

  static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws -> TreeModel {
    var dump = LightGBMDump()
    try JSONScanner.read(bytes, allowsNonFinite: true) { try dump.readDocument(&$0) }
    return try dump.finished().treeModel(format: .lightgbmJSON)
  }

  /// Whether a JSON document is one of LightGBM's; what is broken is left to the reader to tell.
  static func isDump(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    struct Answer: Error { var isDump: Bool }
    do {
      try JSONScanner.read(bytes, allowsNonFinite: true) { json in
        try json.object { key, json in
          switch key {
          case "learner": throw Answer(isDump: false)
          case "tree_info", "num_tree_per_iteration": throw Answer(isDump: true)
          default: try json.skip()
          }
        }
      }
    } catch let answer as Answer {
      return answer.isDump
    } catch {}
    return false
  }

  private mutating func readDocument(_ json: inout JSONScanner) throws {
    try json.fields { key, json in
      switch key {
      case "version": model.version = try json.string()
      case "num_tree_per_iteration": model.outputCount = try json.integer()
      case "max_feature_idx": model.maximumFeature = try json.integer()
      case "objective": model.objective = try json.string()
      case "average_output":
        model.averages = try json.bool()
        isComplete = true
      case "feature_names": model.featureNames = try json.strings()
      case "feature_infos":
        try json.fields { name, json in infos[name] = try Self.info(&json) }
      case "pandas_categorical": model.pandasCategories = try json.pandasCategories()
      case "tree_info":
        model.trees = []
        var reader = LightGBMDumpTree()
        try json.elements { _, json in model.trees.append(try reader.read(&json)) }
        model.featureGains = reader.featureGains
      default: try json.skip()
      }
    }
  }

  private static func info(_ json: inout JSONScanner) throws -> LightGBMModel.Info {
    var minimum = 0.0
    var maximum = 0.0
    var values: [Double] = []
    try json.fields { key, json in
      switch key {
      case "min_value": minimum = try json.number()
      case "max_value": maximum = try json.number()
      case "values": try json.numbers(into: &values)
      default: try json.skip()
      }
    }
    if values.isEmpty { return .range(minimum: minimum, maximum: maximum) }
    return .categories(values.compactMap { Int(exactly: $0) })
  }

  /// The model, with what stands in other places in the text.
  private func finished() throws -> LightGBMModel {
    guard model.version != "v2" || isComplete else {
      throw ModelFormatError(
        .unsupported, "dumps of LightGBM before 2.2.3 do not tell the objective",
        remedy: "save the model with save_model(\"model.txt\")"
      ).inside("objective")
    }
    var model = model
    model.leavesAreMeans = false
    let count = max(model.outputCount ?? 1, 1)
    model.trees = model.trees.enumerated().map { index, tree in
      Tree(
        output: index % count, nodes: tree.nodes, leaves: tree.leaves,
        linearLeaves: tree.linearLeaves, covers: tree.covers)
    }
    if !infos.isEmpty {
      // Constant features are left out.
      model.featureInfos = model.featureNames.map { infos[$0] ?? .constant }
    }
    return model
  }
}

extension JSONScanner {
  /// Reads the categories of pandas: null, or an array a column of texts, numbers or booleans.
  mutating func pandasCategories() throws -> [[String]] {
    var columns: [[String]] = []
    if try null() { return columns }
    try elements { _, json in
      var names: [String] = []
      try json.elements { _, json in names.append(try json.categoryName()) }
      columns.append(names)
    }
    return columns
  }

  private mutating func categoryName() throws -> String {
    switch try kind() {
    case .string: return try string()
    case .bool: return try bool() ? "True" : "False"
    default:
      let number = try number()
      return Int(exactly: number).map(String.init) ?? "\(number)"
    }
  }
}
