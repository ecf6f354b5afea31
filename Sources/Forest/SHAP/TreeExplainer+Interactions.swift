extension TreeExplainer {
  /// Writes the interaction of each pair of features in each margin.
  ///
  /// Each split's part in its feature's contribution is a product over the path to it; what a split
  /// above adds to it is the same product with that split's factor replaced. So each pair of a
  /// split and one above it is one product more, and time is in nodes × depth.
  public func interactions(of rows: Span<Float>, into values: inout MutableSpan<Float>) {
    let featureCount = forest.featureCount
    let size = columnCount
    let perRow = forest.outputCount * size * size
    let rowCount = rowCount(of: rows, valueCount: values.count, perRow: perRow)
    let scratch = ExplanationScratch(
      nodeCount: largestNodeCount, sumCount: forest.outputCount * featureCount)
    // Of each node, the factors by which its sides no and yes replace theirs.
    let factors = UnsafeMutablePointer<SIMD4<Float>>.allocate(
      capacity: max(1, 2 * largestNodeCount))
    defer {
      scratch.deallocate()
      factors.deallocate()
    }
    values.withUnsafeMutableBufferPointer { values in
      rows.withUnsafeBufferPointer { rows in
        // Safe: values and rows were checked to be those of rowCount rows.
        guard let values = values.baseAddress else { return }
        values.update(repeating: 0, count: rowCount * perRow)
        for row in 0..<rowCount {
          let values = values + row * perRow
          scratch.clearSums()
          // No features, no splits.
          if let rows = rows.baseAddress {
            forEachPass(scratch) { kernel, pass in
              kernel.addInteractions(
                pass, row: rows + row * featureCount, factors: factors, size: size,
                sums: scratch.sums + pass.output * featureCount,
                pairs: values + pass.output * size * size)
            }
          }
          for output in 0..<forest.outputCount {
            Self.finish(
              values + output * size * size, size: size,
              sums: scratch.sums + output * featureCount, expected: expectedMargins[output])
          }
        }
      }
    }
  }

  /// Makes interactions of one output's sums over pairs, which stand on either side.
  private static func finish(
    _ pairs: UnsafeMutablePointer<Float>, size: Int, sums: UnsafePointer<SIMD4<Float>>,
    expected: Float
  ) {
    for row in 0..<size - 1 {
      for column in 0..<row {
        let half = (pairs[row * size + column] + pairs[column * size + row]) / 2
        pairs[row * size + column] = half
        pairs[column * size + row] = half
      }
    }
    for row in 0..<size - 1 {
      var alone = sums[row].sum()
      for column in 0..<size - 1 where column != row { alone -= pairs[row * size + column] }
      pairs[row * size + row] = alone
    }
    pairs[size * size - 1] = expected
  }
}

extension ExplanationKernel {
  /// Adds the contributions of a row, and those of pairs of features.
  @inline(__always)
  func addInteractions(
    _ pass: ExplanationPlan.Pass, row: UnsafePointer<Float>,
    factors: UnsafeMutablePointer<SIMD4<Float>>, size: Int,
    sums: UnsafeMutablePointer<SIMD4<Float>>, pairs: UnsafeMutablePointer<Float>
  ) {
    let inner = inner + pass.firstInner
    let bottom = bottom + pass.firstBottom
    // The parts of the bottom nodes come first, when all answers are known.
    var isPrepared = false
    run(pass, row: row) { number, feature, value in
      if !isPrepared {
        setFactors(pass, factors)
        isPrepared = true
      }
      sums[feature] += value
      var edge =
        number < pass.innerCount
        ? Int(inner[number].parent) : Int(bottom[number - pass.innerCount].parent)
      while edge >= 0 {
        let above = inner + edge / 2
        let other = Int(above.pointee.question.feature)
        if other != feature { pairs[feature * size + other] += (value * factors[edge]).sum() }
        edge = Int(above.pointee.parent)
      }
    }
  }

  /// Computes, of each edge below an inner node, its part in the contribution divided by its part
  /// in the product.
  private func setFactors(
    _ pass: ExplanationPlan.Pass, _ factors: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    for index in 0..<pass.innerCount {
      let node = inner + pass.firstInner + index
      let step = steps[index]
      let slope = node.pointee.slope
      let yes = node.pointee.share + slope * step
      let change = (slope - slope * slope) * pass.scale * step
      // Where a product is 0 there is nothing below to share out.
      factors[2 * index] = (-change / (1 - yes)).replacing(with: 0, where: yes .== 1)
      factors[2 * index + 1] = (change / yes).replacing(with: 0, where: yes .== 0)
    }
  }
}
