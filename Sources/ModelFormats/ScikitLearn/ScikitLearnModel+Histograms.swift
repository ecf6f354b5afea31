import Forest

extension ScikitLearnModel {
  /// `HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`: a baseline plus the values
  /// of the trees, after the columns of categories were encoded.
  func histogramBoosting(_ reader: inout EstimatorReader) throws -> TreeModel {
    let classCount = object.kind.isClassifier ? try self.classCount() : 1
    let outputCount = classCount > 2 ? classCount : 1
    guard let baseline = try baseline(outputCount) else {
      throw ModelFormatError(
        .malformed, "expected \(outputCount) numbers", remedy: "fit it before it is pickled"
      ).inside("_baseline_prediction")
    }
    let base = baseline.map { Float($0) }
    guard let rounds = fields["_predictors"].flatMap(graph.elements), !rounds.isEmpty else {
      throw ModelFormatError(.malformed, "there are no trees").inside("_predictors")
    }
    let featureCount = try featureCount()
    let known = try knownCategories(featureCount)
    var trees: [Tree] = []
    for (index, round) in rounds.enumerated() {
      guard let predictors = graph.elements(round), predictors.count == outputCount else {
        throw ModelFormatError(.malformed, "expected \(outputCount) trees")
          .inside("_predictors[\(index)]")
      }
      for (output, predictor) in predictors.enumerated() {
        do {
          let rest = index == 0 ? baseline[output] - Double(base[output]) : 0
          let tree = try HistogramTree(predictor, in: graph, budget: &reader.budget)
          trees.append(try tree.tree(output: output, adding: rest, known: known))
        } catch {
          throw ModelFormatError(wrapping: error).inside("_predictors[\(index)][\(output)]")
        }
      }
    }
    let forest = try forest(
      ScikitLearnParts(
        baseMargins: base, trees: trees,
        objective: histogramObjective(classCount: classCount), summation: .float64),
      featureCount: featureCount)
    let labels =
      classCount > 1 ? try PickledLabels.labels(of: fields, count: classCount) : nil
    var model = try model(.forest(forest), labels: labels)
    guard let value = fields["_preprocessor"], case .object(let transformer) = graph[value] else {
      for feature in known.keys { model.features[feature].type = .categorical }
      return model
    }
    // Since 1.4 an encoder and a reordering stand before the trees.
    var columns = ColumnPipeline(features: model.features, graph: graph)
    do {
      try columns.append(transformer)
    } catch {
      throw ModelFormatError(wrapping: error).inside("_preprocessor")
    }
    return try columns.model(model)
  }

  private func baseline(_ count: Int) throws -> [Double]? {
    if let number = fields["_baseline_prediction"].flatMap(graph.number) {
      return count == 1 && number.isFinite ? [number] : nil
    }
    guard let numbers = fields.array("_baseline_prediction")?.doubles(), numbers.count == count,
      numbers.allSatisfy(\.isFinite)
    else { return nil }
    return numbers
  }

  private func histogramObjective(classCount: Int) throws -> Objective {
    let name = objectiveName
    let link: Link
    switch (name, object.kind.isClassifier) {
    case (_, true): link = classCount == 2 ? .float64(.logistic(scale: 1)) : .float64(.softmax)
    case ("poisson", _), ("gamma", _): link = .float64(.exponential)
    case ("squared_error", _), ("least_squares", _), ("absolute_error", _),
      ("least_absolute_deviation", _), ("quantile", _):
      link = .identity
    default:
      throw ModelFormatError(.unsupported, "the loss \(name.quoted) is not known").inside("loss")
    }
    return Objective(
      name: name, task: classCount == 1 ? .regression : classCount == 2 ? .binary : .multiclass,
      link: link)
  }

  /// The codes that training saw of each categorical feature; others count as missing.
  private func knownCategories(_ featureCount: Int) throws -> [Int: Set<Int>] {
    guard let value = fields["_bin_mapper"], case .object(let mapper) = graph[value] else {
      return [:]
    }
    let mapperFields = try PickleFields(mapper, in: graph)
    guard let flags = mapperFields.array("is_categorical_")?.integers(),
      let thresholds = mapperFields["bin_thresholds_"].flatMap(graph.elements)
    else { return [:] }
    guard flags.count == featureCount, thresholds.count == featureCount else {
      throw ModelFormatError(.malformed, "expected \(featureCount) elements")
        .inside("_bin_mapper.is_categorical_")
    }
    var known: [Int: Set<Int>] = [:]
    for (feature, flag) in flags.enumerated() where flag != 0 {
      guard case .array(let codes) = graph[thresholds[feature]], codes.count <= 256,
        let codes = codes.doubles()
      else {
        throw ModelFormatError(.malformed, "expected categories")
          .inside("_bin_mapper.bin_thresholds_[\(feature)]")
      }
      known[feature] = Set(codes.compactMap { Int(exactly: $0) })
    }
    return known
  }
}
