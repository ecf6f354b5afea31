import Forest

/// The fields of a LightGBM model, as the text and the JSON dump both tell them.
///
/// What they mean is told in docs/formats/lightgbm.md.
struct LightGBMModel {
  /// What the values of a feature were in training.
  enum Info {
    /// It had one value only, and no tree asks for it.
    case constant
    case range(minimum: Double, maximum: Double)
    /// The codes that occurred.
    case categories([Int])
  }

  /// The version of the format: `v2`, `v3` or `v4`.
  var version: String?
  /// The objective and its parameters, such as `binary sigmoid:1`; nil for one of the user's own.
  var objective: String?
  /// Whether the predictions are means over the rounds: random forests.
  var averages = false
  /// The number of trees in a round, one an output.
  var outputCount: Int?
  var maximumFeature: Int?
  var featureNames: [String] = []
  /// What is known of each feature, in order; empty where the file does not say.
  var featureInfos: [Info] = []
  /// The categories of each column that had some in pandas, in order.
  var pandasCategories: [[String]] = []
  var trees: [Tree] = []
  /// The gains of each feature's splits, summed up; features after the last with a split are missing.
  var featureGains: [Double] = []
  /// Whether the leaves of a random forest in the version `v2` are predictions, not margins; nil
  /// where neither the kind of file nor its splits tell.
  var leavesAreMeans: Bool?

  /// The output that the next tree adds to.
  var nextOutput: Int { trees.count % max(outputCount ?? 1, 1) }

  /// Leaves out the trees after so many rounds.
  mutating func keep(rounds: Int) {
    let count = rounds.multipliedReportingOverflow(by: max(outputCount ?? 1, 1))
    if !count.overflow, count.partialValue < trees.count {
      trees.removeSubrange(count.partialValue...)
    }
  }

  /// Makes a forest of the fields.
  func treeModel(format: ModelFormat) throws -> TreeModel {
    guard let version else {
      throw ModelFormatError(
        .unsupported, "there is no version, as in files of LightGBM before 2.0.12",
        remedy: "train again with a newer version; it follows other rules for missing values"
      ).inside("version")
    }
    guard ["v2", "v3", "v4"].contains(version) else {
      throw ModelFormatError(.unsupported, "the version \(version.quoted) is not known")
        .inside("version")
    }
    let outputCount = try checkedOutputCount()
    let featureCount = try checkedFeatureCount()
    let objective = try LightGBMObjective(self.objective)
    try objective.check(outputCount: outputCount)
    let forest = try forest(
      featureCount: featureCount, outputCount: outputCount,
      objective: objective.objective(leavesAreMeans: leavesAreMeans(objective)))
    var model = TreeModel(
      .forest(forest), format: format, library: "lightgbm", libraryVersion: nil,
      features: try features(count: featureCount, trees: trees))
    model.featureGains = featureGains.isEmpty ? nil : featureGains
    return model
  }

  private func forest(featureCount: Int, outputCount: Int, objective: Objective) throws -> Forest {
    do {
      return try Forest(
        featureCount: featureCount, baseMargins: [Float](repeating: 0, count: outputCount),
        trees: trees, objective: objective, summation: averages ? .mean : .float64)
    } catch {
      let message = error.node.map { "node \($0): " + error.message } ?? error.message
      throw ModelFormatError(.malformed, message)
        .inside("trees" + (error.tree.map { "[\($0)]" } ?? ""))
    }
  }

  /// The number of margins, which is checked against the trees before anything of its size is made.
  private func checkedOutputCount() throws -> Int {
    let count = try required(outputCount, "num_tree_per_iteration")
    guard count >= 1, count <= trees.count, trees.count % count == 0 else {
      throw ModelFormatError(
        .malformed, "\(trees.count) trees are no whole number of rounds of \(count)"
      ).inside("num_tree_per_iteration")
    }
    return count
  }

  private func checkedFeatureCount() throws -> Int {
    let last = try required(maximumFeature, "max_feature_idx")
    guard -1..<ModelFormat.maximumFeatureCount ~= last else {
      throw ModelFormatError(
        .tooLarge, "\(last) is no number from 0 to \(ModelFormat.maximumFeatureCount - 1)"
      ).inside("max_feature_idx")
    }
    return last + 1
  }

  func required<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else {
      throw ModelFormatError(
        .malformed, "this field is missing", remedy: "save the model with save_model"
      ).inside(name)
    }
    return value
  }

  /// Whether the leaves of a random forest are predictions, not margins.
  ///
  /// Until 2.2.2 LightGBM put predictions into the leaves, since 2.2.3 the link is applied to their mean.
  /// Both write `v2`, and the text of 2.2 is the same. Where the splits do not tell
  /// (``LightGBMLeafMeans``), the leaves may.
  private func leavesAreMeans(_ objective: LightGBMObjective) throws -> Bool {
    guard averages, version == "v2", objective.link != .identity else { return false }
    if let leavesAreMeans { return leavesAreMeans }
    let leaves = trees.lazy.compactMap(\.leaves).flatMap(\.values)
    if objective.link.givesProbabilities { return leaves.allSatisfy { 0...1 ~= $0 } }
    if objective.link != .float64(.signedSquare), leaves.contains(where: { $0 < 0 }) {
      return false
    }
    throw ModelFormatError(
      .unsupported,
      "LightGBM 2.2 wrote this random forest, and whether its leaves are means or their logarithms"
        + " cannot be told", remedy: "train again with a newer version"
    ).inside("objective")
  }
}
