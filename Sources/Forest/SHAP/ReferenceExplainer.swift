/// The plain explainer: Algorithm 2 of the paper (see ``Explainer``), row by row, in float64.
///
/// It is the truth that ``TreeExplainer`` is tested against, and does not care about speed: it
/// allocates, and takes time in leaves × depth² for a tree. It recurses as deep as the trees are.
public struct ReferenceExplainer: Explainer {
  /// The forest that is explained.
  public let forest: Forest
  private let expectedMargins: [Double]

  /// An explainer for this forest.
  ///
  /// - Throws: ``ForestError`` if a tree has no ``Tree/covers``.
  public init(_ forest: Forest) throws(ForestError) {
    try forest.requireCovers()
    self.forest = forest
    expectedMargins = forest.expectedMargins()
  }

  /// Writes the contribution of each feature to each margin, and the expected margin last.
  public func contributions(of rows: Span<Float>, into values: inout MutableSpan<Float>) {
    let perRow = forest.outputCount * columnCount
    for row in 0..<rowCount(of: rows, valueCount: values.count, perRow: perRow) {
      let contributions = contributions(of: Array(rows, row: row, count: forest.featureCount))
      for index in 0..<perRow { values[row * perRow + index] = Float(contributions[index]) }
    }
  }

  /// Writes the interaction of each pair of features in each margin.
  ///
  /// What two features do together is half of how much the contribution of one changes when the
  /// other is known (section 4 of the paper).
  public func interactions(of rows: Span<Float>, into values: inout MutableSpan<Float>) {
    let size = columnCount
    let perRow = forest.outputCount * size * size
    for row in 0..<rowCount(of: rows, valueCount: values.count, perRow: perRow) {
      let row = (start: row * perRow, values: Array(rows, row: row, count: forest.featureCount))
      let contributions = contributions(of: row.values)
      var alone = contributions
      for other in 0..<forest.featureCount {
        let known = self.contributions(of: row.values, fixed: (other, true))
        let unknown = self.contributions(of: row.values, fixed: (other, false))
        for index in contributions.indices where index % size < forest.featureCount {
          let (output, feature) = index.quotientAndRemainder(dividingBy: size)
          guard feature != other else { continue }
          let interaction = (known[index] - unknown[index]) / 2
          values[row.start + (output * size + feature) * size + other] = Float(interaction)
          alone[index] -= interaction
        }
      }
      for (index, value) in alone.enumerated() {
        values[row.start + index * size + index % size] = Float(value)
      }
      for output in 0..<forest.outputCount {
        let corner = row.start + (output + 1) * size * size - 1
        for step in 1..<size {
          values[corner - step] = 0
          values[corner - step * size] = 0
        }
      }
    }
  }

  /// The contributions of one row, with one feature taken to be known or unknown in any case.
  private func contributions(
    of row: [Float], fixed: (feature: Int, isKnown: Bool)? = nil
  ) -> [Double] {
    var contributions = [Double](repeating: 0, count: forest.outputCount * columnCount)
    let weights = forest.leafWeights()
    for tree in forest.trees {
      let walk = TreeWalk(tree: tree, row: row, fixed: fixed) { path, position, fraction in
        for offset in 0..<tree.width {
          let output = tree.output + offset
          let value = fraction * weights[output] * tree.leafValue(at: position, offset)
          for index in 1..<path.steps.count {
            let step = path.steps[index]
            contributions[output * columnCount + step.feature] +=
              path.sumWithout(index) * (step.one - step.zero) * value
          }
        }
      }
      walk.visit(0, path: FeaturePath().extended(feature: -1, zero: 1, one: 1), fraction: 1)
    }
    for (output, margin) in expectedMargins.enumerated() {
      contributions[(output + 1) * columnCount - 1] = margin
    }
    return contributions
  }
}

extension [Float] {
  fileprivate init(_ rows: borrowing Span<Float>, row: Int, count: Int) {
    self = (0..<count).map { rows[row * count + $0] }
  }
}

/// Goes down all paths of a tree, and knows what each says about its features.
private struct TreeWalk {
  let tree: Tree
  let row: [Float]
  let fixed: (feature: Int, isKnown: Bool)?
  let leaf: (FeaturePath, _ position: Int, _ fraction: Double) -> Void

  func visit(_ position: Int, path: FeaturePath, fraction: Double) {
    guard case .split(let split) = tree.nodes[position] else {
      return leaf(path, position, fraction)
    }
    let taken = split.child(for: row[split.feature])
    let share = tree.yesShare(of: split)
    for (child, share) in [(split.yes, share), (split.no, 1 - share)] {
      let one: Double = child == taken ? 1 : 0
      if let fixed, fixed.feature == split.feature {
        visit(child, path: path, fraction: fraction * (fixed.isKnown ? one : share))
        continue
      }
      // Where neither the row nor the training data went there is nothing to share out.
      if one == 0 && share == 0 { continue }
      var path = path
      var before = (zero: 1.0, one: 1.0)
      if let index = path.steps.firstIndex(where: { $0.feature == split.feature }) {
        before = (path.steps[index].zero, path.steps[index].one)
        path = path.unwound(index)
      }
      let zero = before.zero * share
      if zero == 0 && before.one * one == 0 { continue }
      visit(
        child, path: path.extended(feature: split.feature, zero: zero, one: before.one * one),
        fraction: fraction)
    }
  }
}

/// The distinct features of a path and, by the size of a subset of them, the proportion of subsets
/// that flow down the path: EXTEND and UNWIND of the paper.
private struct FeaturePath {
  struct Step {
    var feature: Int
    /// The share of the training data that goes on where the feature is unknown.
    var zero: Double
    /// Whether the row goes on where it is known: 1 or 0.
    var one: Double
    var weight: Double
  }

  private(set) var steps: [Step] = []

  func extended(feature: Int, zero: Double, one: Double) -> FeaturePath {
    var path = self
    let length = steps.count
    path.steps.append(
      Step(feature: feature, zero: zero, one: one, weight: length == 0 ? 1 : 0))
    for index in (0..<length).reversed() {
      let weight = path.steps[index].weight
      path.steps[index + 1].weight += one * weight * Double(index + 1) / Double(length + 1)
      path.steps[index].weight = zero * weight * Double(length - index) / Double(length + 1)
    }
    return path
  }

  func unwound(_ index: Int) -> FeaturePath {
    var path = self
    for (position, weight) in weightsWithout(index).enumerated() {
      path.steps[position].weight = weight
    }
    for position in index..<steps.count - 1 {
      let next = steps[position + 1]
      path.steps[position].feature = next.feature
      path.steps[position].zero = next.zero
      path.steps[position].one = next.one
    }
    path.steps.removeLast()
    return path
  }

  func sumWithout(_ index: Int) -> Double { weightsWithout(index).reduce(0, +) }

  private func weightsWithout(_ index: Int) -> [Double] {
    let length = steps.count
    let (zero, one) = (steps[index].zero, steps[index].one)
    var weights = [Double](repeating: 0, count: length - 1)
    var next = steps[length - 1].weight
    for position in (0..<length - 1).reversed() {
      if one != 0 {
        weights[position] = next * Double(length) / (Double(position + 1) * one)
        next =
          steps[position].weight
          - weights[position] * zero * Double(length - 1 - position) / Double(length)
      } else {
        weights[position] =
          steps[position].weight * Double(length) / (zero * Double(length - 1 - position))
      }
    }
    return weights
  }
}
