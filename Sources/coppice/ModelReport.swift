import Forest
import ModelFormats

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `coppice inspect` tells of a model.
struct ModelReport: Encodable {
  struct Library: Encodable {
    var name: String
    var version: String?
  }

  struct Trees: Encodable {
    var count: Int
    var nodes: Int
    var leaves: Int
    var maximumDepth: Int
    var meanDepth: Double
  }

  struct Column: Encodable {
    var name: String
    var type: Feature.Kind
    var categories: [String]?
    /// The column's share in the importance of all, from 0 to 1.
    var importance: Double?
  }

  /// An engine, and why it is used or not.
  struct Choice: Encodable {
    var engine: String
    var fromRows: Int?
    var reason: String
  }

  var file: String
  var format: ModelFormat
  var bytes: Int
  var library: Library
  var objective: String
  var task: ModelTask
  var outputs: Int
  var classes: [String]?
  var bestIteration: Int?
  var models: Int
  var trees: Trees
  var hasPreprocessing: Bool
  /// What the importances are shares of: `gain`, or `splits` where the file tells no gains.
  var importance: String?
  var features: [Column]
  var instructions: String
  var engines: [Choice]

  enum CodingKeys: String, CodingKey {
    case file, format, bytes, library, objective, task, outputs, classes, models, trees, importance
    case features, instructions, engines
    case bestIteration = "best_iteration"
    case hasPreprocessing = "has_preprocessing"
  }

  /// Describes a model and times its engines.
  init(_ model: TreeModel, file: String, bytes: Int) {
    self.file = file
    self.bytes = bytes
    format = model.format
    library = Library(name: model.library, version: model.libraryVersion)
    objective = model.objective.name
    task = model.objective.task
    outputs = model.ensemble.outputCount
    bestIteration = model.bestIteration
    hasPreprocessing = model.preprocessing != nil
    let forests = model.ensemble.forests
    models = max(1, forests.count)
    trees = Trees(forests.flatMap(\.trees))
    if task.isClassification {
      classes = model.labels ?? (0..<model.ensemble.classCount).map(String.init)
    }
    let importances = Self.importances(of: model)
    importance = importances?.kind
    features = model.features.enumerated().map { index, feature in
      Column(
        name: feature.name, type: feature.type, categories: feature.categories,
        importance: importances.map { index < $0.shares.count ? $0.shares[index] : 0 })
    }
    instructions = "\(InstructionSet.best)"
    engines = forests.max { $0.trees.count < $1.trees.count }.map(Self.choices) ?? []
  }

  /// The share of each column, in the gains of its splits or else in their number.
  private static func importances(of model: TreeModel) -> (kind: String, shares: [Double])? {
    var values = model.featureGains ?? []
    var kind = "gain"
    var sum = values.reduce(0, +)
    if sum <= 0 || !sum.isFinite {
      kind = "splits"
      values = [Double](repeating: 0, count: model.ensemble.featureCount)
      for tree in model.ensemble.forests.flatMap(\.trees) {
        for case .split(let split) in tree.nodes where split.feature < values.count {
          values[split.feature] += 1
        }
      }
      sum = values.reduce(0, +)
    }
    guard sum > 0 else { return nil }
    guard let preprocessing = model.preprocessing else { return (kind, values.map { $0 / sum }) }
    // Each column of the trees is made of one of the rows', or of all of them.
    guard let sources = preprocessing.sources else { return nil }
    var shares = [Double](repeating: 0, count: preprocessing.columnCount)
    for (value, source) in zip(values, sources) { shares[source] += value / sum }
    return (kind, shares)
  }

  /// The engines that are used, and those that are not, each with the reason.
  private static func choices(for forest: Forest) -> [Choice] {
    let fast = FastEngine(forest)
    var choices = fast.choices.map { choice in
      Choice(
        engine: choice.kind.rawValue, fromRows: choice.rows,
        reason: fast.choices.count == 1 && choice.kind == .reference
          ? "no other takes this model" : "the fastest here when the model was loaded")
    }
    for kind in EngineKind.allCases where !fast.choices.contains(where: { $0.kind == kind }) {
      do {
        _ = try kind.engine(for: forest)
        if kind != .reference {
          choices.append(Choice(engine: kind.rawValue, reason: "slower here for every batch"))
        }
      } catch {
        choices.append(Choice(engine: kind.rawValue, reason: error.description))
      }
    }
    return choices
  }
}

extension ModelReport.Trees {
  init(_ trees: [Tree]) {
    count = trees.count
    nodes = trees.reduce(0) { $0 + $1.nodes.count }
    leaves = 0
    maximumDepth = 0
    var depths = 0
    for tree in trees {
      var deepest = 0
      var pending = [(position: 0, depth: 0)]
      while let (position, depth) = pending.popLast() {
        guard case .split(let split) = tree.nodes[position] else {
          leaves += 1
          deepest = max(deepest, depth)
          continue
        }
        pending += [(split.yes, depth + 1), (split.no, depth + 1)]
      }
      maximumDepth = max(maximumDepth, deepest)
      depths += deepest
    }
    meanDepth = Double(depths) / Double(max(1, count))
  }
}
