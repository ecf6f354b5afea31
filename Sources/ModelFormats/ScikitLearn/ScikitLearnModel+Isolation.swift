import Forest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ScikitLearnModel {
  /// `IsolationForest`: rows that few questions set apart are outliers.
  ///
  /// The leaves hold the lengths of their paths, the forest their mean; the margin is what
  /// `decision_function` answers, and the class the sign of it, -1 for outliers.
  func isolation(_ reader: inout EstimatorReader) throws -> TreeModel {
    let sampleCount =
      try fields.optional("_max_samples", PickleGraph.integer, "a whole number")
      ?? fields.optional("max_samples_", PickleGraph.integer, "a whole number")
    guard let sampleCount, let offset = fields["offset_"].flatMap(graph.number), offset.isFinite
    else {
      throw ModelFormatError(
        .malformed, "there is no number of samples, or no offset",
        remedy: "fit it before it is pickled"
      ).inside("offset_")
    }
    let featureCount = try featureCount()
    let trees = try partsWithColumns().map { part in
      do {
        let tree = try tree(of: part.object, &reader)
        let feature = try Self.feature(of: part, count: featureCount)
        let depths = tree.depths()
        return try tree.tree(width: 1, feature: feature) { node, _ in
          [Double(depths[node]) + averagePathLength(tree.rowCounts[node])]
        }
      } catch {
        throw ModelFormatError(wrapping: error).inside(part.path + ".tree_")
      }
    }
    // Of one sample nothing is set apart: the score is then 1/2 whatever the path.
    let length = averagePathLength(sampleCount)
    let forest = try forest(
      ScikitLearnParts(
        baseMargins: [0], trees: trees,
        objective: Objective(
          name: "isolation", task: .regression,
          link: .float64(.isolation(length: length == 0 ? .infinity : length, offset: offset))),
        summation: .mean),
      featureCount: featureCount)
    let combination = try Combination(
      featureCount: featureCount, baseMargins: [0],
      members: [Combination.Member(.forest(forest), reading: .predictions)], rule: .sum,
      objective: Objective(
        name: "isolation", task: .binary, link: .identity, threshold: try threshold().nextDown))
    return try model(
      .combination(combination), labels: ClassLabels(names: ["-1", "1"], numbers: [-1, 1]))
  }

  /// The smallest margin of what is no outlier: 0, but in the behaviour of old.
  private func threshold() throws -> Float {
    guard fields["behaviour"].flatMap(graph.text) == "old" else { return 0 }
    guard let value = fields["_threshold_"] ?? fields["threshold_"],
      let threshold = graph.number(value), threshold.isFinite
    else { throw ModelFormatError(.malformed, "expected a number").inside("threshold_") }
    return Float(threshold)
  }

  /// The mean number of questions that set one of so many rows apart.
  ///
  /// Before 0.21 one row counted 1, and two were no case of their own.
  private func averagePathLength(_ count: Int) -> Double {
    if isBefore(0, 21) {
      guard count > 1 else { return 1 }
    } else {
      guard count > 2 else { return count == 2 ? 1 : 0 }
    }
    let others = Double(count - 1)
    let euler = 0.577215664901532860606512090082402431
    return 2 * (log(others) + euler) - 2 * others / Double(count)
  }
}
