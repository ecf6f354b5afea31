import Forest
import JSON

/// Reads the trees of a LightGBM dump, one after another: objects within objects, the root outermost.
struct LightGBMDumpTree {
  private var nodes: [Node] = []
  private var leaves: [Double] = []
  private var linear = LightGBMLinearLeaves()
  /// How many rows of training reached each node; -1 where the dump does not tell.
  private var covers: [Float] = []
  /// The gains of each feature's splits, summed up over the trees so far.
  private(set) var featureGains: [Double] = []

  /// The memory that category sets may still take: a code of eight digits makes a set of two
  /// megabytes.
  private var categoryBudget = 64 << 20

  /// Reads one element of `tree_info`; the output is left at 0.
  mutating func read(_ json: inout JSONScanner) throws -> Tree {
    nodes = []
    leaves = []
    covers = []
    linear = LightGBMLinearLeaves()
    try json.fields { key, json in
      switch key {
      case "tree_structure":
        guard nodes.isEmpty else { throw json.error("a tree has one root") }
        _ = try readNode(&json)
      default: try json.skip()
      }
    }
    return Tree(
      output: 0, nodes: nodes, leaves: LeafTable(values: leaves),
      linearLeaves: linear.isUsed ? try linear.leaves(count: leaves.count) : nil,
      covers: covers.allSatisfy { $0 >= 0 && $0.isFinite } ? covers : nil)
  }

  /// The fields of a split, which come in any order.
  private struct Fields {
    var leaf: Double?
    var constant: Double?
    var linearFeatures: [Int32] = []
    var coefficients: [Double] = []
    var feature: Int?
    var threshold: Double?
    var categories: CategorySet?
    var decision: String?
    var missing: String?
    var defaultsLeft: Bool?
    var gain: Double?
    var left: Int?
    var right: Int?
  }

  /// Reads a node and what is below it, and returns its position.
  private mutating func readNode(_ json: inout JSONScanner) throws -> Int {
    let position = nodes.count
    nodes.append(.leafRow(leaves.count))
    covers.append(-1)
    var fields = Fields()
    try json.fields { key, json in
      switch key {
      case "leaf_value": fields.leaf = try json.number()
      case "leaf_const": fields.constant = try json.number()
      case "leaf_features": try json.integers(into: &fields.linearFeatures)
      case "leaf_coeff":
        try json.elements { _, json in fields.coefficients.append(try json.number()) }
      case "split_feature": fields.feature = try json.integer()
      case "threshold":
        if try json.kind() == .string {
          fields.categories = try categories(json.string())
        } else {
          fields.threshold = try json.number()
        }
      case "decision_type": fields.decision = try json.string()
      case "missing_type": fields.missing = try json.string()
      case "default_left": fields.defaultsLeft = try json.bool()
      case "internal_count", "leaf_count": covers[position] = Float(try json.number())
      case "split_gain": fields.gain = try json.number()
      case "left_child": fields.left = try readNode(&json)
      case "right_child": fields.right = try readNode(&json)
      default: try json.skip()
      }
    }
    if let leaf = fields.leaf {
      nodes[position] = .leafRow(leaves.count)
      leaves.append(leaf)
      linear.append(
        constant: fields.constant, leaf: leaf, features: fields.linearFeatures,
        coefficients: fields.coefficients)
    } else {
      nodes[position] = .split(try Self.split(fields))
      if let gain = fields.gain, let feature = fields.feature {
        featureGains.add(gain, to: feature)
      }
    }
    return position
  }

  private static func split(_ fields: Fields) throws -> Split {
    let split = LightGBMSplit(
      feature: try required(fields.feature, "split_feature"),
      left: try required(fields.left, "left_child"),
      right: try required(fields.right, "right_child"))
    switch try required(fields.decision, "decision_type") {
    case "==": return split.categorical(try required(fields.categories, "threshold"))
    case "<=":
      let threshold = try required(fields.threshold, "threshold")
      guard !threshold.isNaN else {
        throw ModelFormatError(.malformed, "the threshold is not a number").inside("threshold")
      }
      return split.numeric(
        threshold: threshold, missing: try missing(required(fields.missing, "missing_type")),
        defaultsLeft: try required(fields.defaultsLeft, "default_left"))
    case let other:
      throw ModelFormatError(.malformed, "\(other.quoted) is no kind of decision")
        .inside("decision_type")
    }
  }

  private static func missing(_ text: String) throws -> LightGBMSplit.Missing {
    switch text {
    case "None": return .none
    case "Zero": return .zero
    case "NaN": return .nan
    default:
      throw ModelFormatError(.malformed, "\(text.quoted) is no kind of missing value")
        .inside("missing_type")
    }
  }

  /// Reads `0||3||5`.
  private mutating func categories(_ text: String) throws -> CategorySet {
    let codes = try text.split(separator: "|").map { word in
      guard let code = Int(word), 0..<CategorySet.limit ~= code else {
        throw ModelFormatError(
          .malformed, "\(String(word).quoted) is no category from 0 to \(CategorySet.limit - 1)")
      }
      return code
    }
    categoryBudget -= (codes.max() ?? 0) / 8
    guard categoryBudget >= 0 else {
      throw ModelFormatError(.tooLarge, "the category sets take more than 64 MiB")
    }
    return CategorySet(codes, truncatesNegative: true)
  }

  private static func required<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else {
      throw ModelFormatError(.malformed, "this field is missing").inside(name)
    }
    return value
  }
}
