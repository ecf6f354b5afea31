/// The fast explainer: time linear in the nodes of the trees, whatever their depth.
///
/// **Idea.** On the path to a leaf, let `z` be the share of the training data that goes on at the
/// splits of a feature, and `o` be 1 if the row goes on there, else 0. The feature's SHAP value is
/// the leaf's value times `o - z` times the integral, over t from 0 to 1, of the product of
/// `t * o + (1 - t) * z` over the path's other features (Owen's multilinear extension). The
/// integrand is a polynomial, so that half as many points as there are features integrate it
/// exactly. At a point, all leaves are summed in one way down the tree (products of the path) and
/// one up (values of what is below); at each split,
///
///     yes      = z + u * (o - z)                 where z is the share of the split's yes alone,
///     value    = no + yes * (value.yes - value.no)     u = t / (t + (1 - t) * before), and before
///     changes  = product * (value.yes - value.no)      is what the splits above that ask for
///                * (o - z) * u * (1 - u) / (t * (1 - t))     the same feature leave (1: none).
///
/// Where the row left the path at a split above that asks for the same feature, `o - z` becomes 0.
/// Everything but `o` is in tables; no division, no branch and no allocation is left for a row.
///
/// **Layout.** Four rows at a time, one in each lane of a vector; a single row leaves three lanes
/// unused. Up to four points in one pass over a tree, so that one pass is enough for eight different
/// features on its longest path. Rows in blocks, so that a tree's tables stay in the cache.
///
/// **Limits.** The tables take 64 bytes a split, pass and leaf value, up to a limit; trees beyond it
/// are laid out again in each call, for a block of rows at a time. More than 36 features on a path
/// are integrated with fewer points than exactness asks for, with an error below 1e-8.
///
/// **References.** Owen, "Multilinear Extensions of Games", 1972; Lundberg et al.,
/// arXiv:1802.03888; Yu et al., "Linear TreeShap", arXiv:2209.08192; Yang, "Fast TreeSHAP",
/// arXiv:2109.09847.
public struct TreeExplainer: Explainer {
  /// The forest that is explained.
  public let forest: Forest
  let expectedMargins: [Float]
  /// The tables of the first trees.
  let plan: ExplanationPlan
  /// The trees whose tables did not fit.
  let unplanned: Range<Int>
  /// The most nodes of a pass.
  let largestNodeCount: Int

  /// Lays out a forest.
  ///
  /// - Parameter memoryLimit: the most bytes that the tables may take, without sets of categories.
  /// - Throws: ``ForestError`` if a tree has no ``Tree/covers``.
  /// - Complexity: linear in the number of nodes, times the number of passes.
  public init(_ forest: Forest, memoryLimit: Int = 256 << 20) throws(ForestError) {
    try forest.requireCovers()
    self.forest = forest
    expectedMargins = forest.expectedMargins().map { Float($0) }
    var planner = ExplanationPlanner(forest)
    var plan = ExplanationPlan()
    let end = forest.trees.firstIndex { tree in
      !planner.add(tree, to: &plan, limit: memoryLimit - plan.byteCount)
    }
    unplanned = (end ?? forest.trees.endIndex)..<forest.trees.endIndex
    self.plan = plan
    largestNodeCount = unplanned.reduce(plan.largestNodeCount) {
      max($0, forest.trees[$1].nodes.count)
    }
  }

  /// The bytes that the tables take, without sets of categories.
  public var byteCount: Int { plan.byteCount }

  /// Writes the contribution of each feature to each margin, and the expected margin last.
  ///
  /// It allocates once a call.
  public func contributions(of rows: Span<Float>, into values: inout MutableSpan<Float>) {
    let featureCount = forest.featureCount
    let perRow = forest.outputCount * columnCount
    let rowCount = rowCount(of: rows, valueCount: values.count, perRow: perRow)
    guard rowCount > 0 else { return }
    let sumCount = forest.outputCount * featureCount
    let groupBytes = max(1, 16 * (sumCount + featureCount))
    let groupCount = max(1, min((rowCount + 3) / 4, 16, (1 << 16) / groupBytes))
    let scratch = ExplanationScratch(
      nodeCount: largestNodeCount, keepsProducts: false, rowCount: groupCount * featureCount,
      sumCount: groupCount * sumCount)
    defer { scratch.deallocate() }
    for start in stride(from: 0, to: rowCount, by: groupCount * 4) {
      let block = start..<min(start + groupCount * 4, rowCount)
      scratch.clearSums()
      scratch.load(
        rows.extracting(block.lowerBound * featureCount..<block.upperBound * featureCount),
        featureCount: featureCount)
      forEachPass(scratch) { kernel, pass in
        for group in 0..<(block.count + 3) / 4 {
          kernel.addContributions(
            pass, rows: scratch.rows + group * featureCount,
            to: scratch.sums + (group * forest.outputCount + pass.output) * featureCount)
        }
      }
      for row in 0..<block.count {
        for output in 0..<forest.outputCount {
          let sums = scratch.sums + (row / 4 * forest.outputCount + output) * featureCount
          let target = (start + row) * perRow + output * columnCount
          for feature in 0..<featureCount { values[target + feature] = sums[feature][row % 4] }
          values[target + featureCount] = expectedMargins[output]
        }
      }
    }
  }

  /// Goes through the passes of all trees.
  @inline(__always)
  func forEachPass(
    _ scratch: ExplanationScratch, _ body: (ExplanationKernel, ExplanationPlan.Pass) -> Void
  ) {
    plan.withKernel(scratch) { kernel in
      for pass in plan.passes { body(kernel, pass) }
    }
    guard !unplanned.isEmpty else { return }
    var planner = ExplanationPlanner(forest)
    for index in unplanned {
      var plan = ExplanationPlan()
      _ = planner.add(forest.trees[index], to: &plan)
      plan.withKernel(scratch) { kernel in
        for pass in plan.passes { body(kernel, pass) }
      }
    }
  }
}

extension ExplanationPlan {
  @inline(__always)
  fileprivate func withKernel(_ scratch: ExplanationScratch, _ body: (ExplanationKernel) -> Void) {
    inner.withUnsafeBufferPointer { inner in
      bottom.withUnsafeBufferPointer { bottom in
        // No bottom nodes, no passes.
        guard let bottom = bottom.baseAddress else { return }
        let inner =
          inner.baseAddress
          ?? UnsafeRawPointer(bottom).assumingMemoryBound(to: ExplanationPlan.InnerNode.self)
        withUnsafePointer(to: categories) { categories in
          body(
            ExplanationKernel(
              inner: inner, bottom: bottom, categories: categories, scratch: scratch))
        }
      }
    }
  }
}
