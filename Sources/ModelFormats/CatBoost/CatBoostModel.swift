import Forest

/// The fields of a CatBoost model, as the binary file and the JSON both tell them.
///
/// What they mean is told in docs/formats/catboost.md.
struct CatBoostModel {
  struct FloatFeature {
    /// Its number among those that hold numbers.
    var index: Int
    /// Its number among all.
    var column: Int
    var name: String?
    /// What trees compare with, where splits are told by number.
    var borders: [Float] = []
    /// Whether a missing value is above every border; otherwise it is above none.
    var missingIsAbove = false
  }

  struct CategoricalFeature {
    var index: Int
    var column: Int
    var name: String?
    /// The hashes that trees ask for.
    var hashes: [UInt32] = []
  }

  var floatFeatures: [FloatFeature] = []
  var categoricalFeatures: [CategoricalFeature] = []
  /// The features that the trees ask for and that are not read here, such as `text feature "a"`.
  var refusedFeatures: [String] = []
  /// Columns that are in the rows but that no tree asks for, by name where they have one.
  var otherColumns: [(column: Int, name: String?)] = []
  /// The texts of hashes, where the file tells them.
  var texts: [UInt32: String] = [:]
  var trees: [CatBoostTree] = []
  var width = 1
  var scale = 1.0
  var biases: [Double] = []
  var info = CatBoostInfo()

  /// Makes a forest of the fields.
  func treeModel(format: ModelFormat) throws -> TreeModel {
    if let feature = refusedFeatures.first {
      throw ModelFormatError(
        .unsupported, "the trees ask for \(feature), which is not read",
        remedy: "train without such features; one_hot_max_size keeps categories from counters"
      ).inside("features")
    }
    guard 1...CatBoostModel.maximumWidth ~= width else {
      throw ModelFormatError(.malformed, "leaves of \(width) values").inside("trees")
    }
    let objective = try info.objective(width: width)
    let columns = try CatBoostColumns(self)
    let biases = try checkedBiases()
    guard scale.isFinite else {
      throw ModelFormatError(.malformed, "the scale is \(scale)").inside("scale")
    }
    var trees: [Tree] = []
    trees.reserveCapacity(self.trees.count)
    for (index, source) in self.trees.enumerated() {
      var source = source
      // A bias has 53 bits, a base margin 24: the first tree adds what is left.
      for position in source.values.indices {
        let bias = biases[position % width]
        let rest = index == 0 ? bias - Double(Float(bias)) : 0
        source.values[position] = source.values[position] * scale + rest
      }
      do {
        trees.append(try source.tree(width: width) { try columns.split($0, no: $1, yes: $2) })
      } catch {
        throw ModelFormatError(wrapping: error).inside("trees[\(index)]")
      }
    }
    do {
      let forest = try Forest(
        featureCount: columns.features.count, baseMargins: biases.map { Float($0) },
        trees: trees, objective: objective, summation: .float64)
      return TreeModel(
        .forest(forest), answers: objective.task.isClassification ? .classes : .values,
        format: format, library: "catboost", libraryVersion: info.version,
        features: columns.features,
        labels: try info.labels(count: objective.task == .binary ? 2 : width, for: objective))
    } catch let error as ForestError {
      throw ModelFormatError(
        .malformed, error.node.map { "node \($0): " + error.message } ?? error.message
      ).inside("trees" + (error.tree.map { "[\($0)]" } ?? ""))
    }
  }

  /// The most values of a leaf.
  static let maximumWidth = 1 << 16

  private func checkedBiases() throws -> [Double] {
    let biases = self.biases.isEmpty ? [0] : self.biases
    let all =
      biases.count == width ? biases : biases == [0] ? [Double](repeating: 0, count: width) : []
    guard all.count == width, all.allSatisfy({ Float($0).isFinite }) else {
      throw ModelFormatError(
        .malformed, "\(biases.count) biases for \(width) outputs, or not finite"
      )
      .inside("bias")
    }
    return all
  }
}
