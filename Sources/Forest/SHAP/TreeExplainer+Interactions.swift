extension TreeExplainer {
  /// Writes the interaction of each pair of features in each margin.
  ///
  /// Each split's part in its feature's contribution is a product over the path to it; what a split
  /// above adds to it is the same product with that split's factor replaced. So each pair of a
  /// split and one above it is one product more, and time is in nodes × depth. Memory is that of
  /// four rows of the answer; it allocates once a call.
  public func interactions(of rows: Span<Float>, into values: inout MutableSpan<Float>) {
    let featureCount = forest.featureCount
    let size = columnCount
    let perRow = forest.outputCount * size * size
    let rowCount = rowCount(of: rows, valueCount: values.count, perRow: perRow)
    guard rowCount > 0 else { return }
    // Of each output, the contributions, then the pairs of features.
    let sumCount = featureCount * size
    let nodeCount = largestNodeCount
    // The factors of edges come behind the rows: of each node, those of no and of yes.
    let scratch = ExplanationScratch(
      nodeCount: nodeCount, keepsProducts: true, rowCount: featureCount + 8 * nodeCount,
      sumCount: forest.outputCount * sumCount)
    defer { scratch.deallocate() }
    for start in stride(from: 0, to: rowCount, by: 4) {
      let end = min(start + 4, rowCount)
      scratch.clearSums()
      scratch.load(
        rows.extracting(start * featureCount..<end * featureCount), featureCount: featureCount)
      forEachPass(scratch) { kernel, pass in
        let sums = scratch.sums + pass.output * sumCount
        kernel.addContributions(pass, rows: scratch.rows, to: sums)
        kernel.addPairs(
          pass, factors: scratch.rows + featureCount, featureCount: featureCount,
          to: sums + featureCount)
      }
      for output in 0..<forest.outputCount {
        finish(scratch.sums + output * sumCount)
        for row in start..<end {
          let target = row * perRow + output * size * size
          write(
            scratch.sums + output * sumCount, lane: row - start, expected: expectedMargins[output],
            to: target, of: &values)
        }
      }
    }
  }

  /// Makes interactions of sums over pairs, which stand on either side of the diagonal.
  private func finish(_ sums: UnsafeMutablePointer<SIMD4<Float>>) {
    let count = forest.featureCount
    let pairs = sums + count
    for row in 0..<count {
      for column in 0..<row {
        let half = (pairs[row * count + column] + pairs[column * count + row]) / 2
        pairs[row * count + column] = half
        pairs[column * count + row] = half
      }
    }
    for row in 0..<count {
      var alone = sums[row]
      for column in 0..<count where column != row { alone -= pairs[row * count + column] }
      pairs[row * count + row] = alone
    }
  }

  private func write(
    _ sums: UnsafePointer<SIMD4<Float>>, lane: Int, expected: Float, to start: Int,
    of values: inout MutableSpan<Float>
  ) {
    let count = forest.featureCount
    let pairs = sums + count
    for row in 0..<count {
      for column in 0..<count {
        values[start + row * (count + 1) + column] = pairs[row * count + column][lane]
      }
      values[start + row * (count + 1) + count] = 0
      values[start + count * (count + 1) + row] = 0
    }
    values[start + count * (count + 2)] = expected
  }
}

extension ExplanationKernel {
  /// Adds what pairs of features do, after the contributions of the same rows.
  ///
  /// Safe: as there; `factors` has room for eight vectors a node.
  func addPairs(
    _ pass: ExplanationPlan.Pass, factors: UnsafeMutablePointer<SIMD4<Float>>, featureCount: Int,
    to pairs: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    let inner = inner + pass.firstInner
    let bottom = bottom + pass.firstBottom
    let count = pass.pointCount
    let values = scratch.values
    setFactors(pass, factors)
    for number in 0..<pass.nodeCount {
      let step = scratch.steps[number]
      var parts = (SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero)
      let (feature, parent): (Int32, Int32)
      withUnsafeMutableBytes(of: &parts) { parts in
        let parts = parts.assumingMemoryBound(to: SIMD4<Float>.self)
        if number < pass.innerCount {
          let node = inner[number]
          for point in 0..<count {
            let difference =
              values[Int(node.yes) * count + point] - values[Int(node.no) * count + point]
            parts[point] =
              scratch.products[number * count + point] * difference * (node.change[point] * step)
          }
        } else {
          let node = bottom[number - pass.innerCount]
          for point in 0..<count {
            parts[point] =
              scratch.products[number * count + point]
              * (node.change[point] * (node.yes - node.no) * step)
          }
        }
      }
      if number < pass.innerCount {
        (feature, parent) = (inner[number].question.feature, inner[number].parent)
      } else {
        let node = bottom[number - pass.innerCount]
        (feature, parent) = (node.question.feature, node.parent)
      }
      var edge = Int(parent)
      while edge >= 0 {
        let above = inner + edge / 2
        let other = above.pointee.question.feature
        if other != feature {
          let factor = factors + edge * 4
          pairs[Int(feature) * featureCount + Int(other)] +=
            (parts.0 * factor[0] + parts.1 * factor[1])
            + (parts.2 * factor[2] + parts.3 * factor[3])
        }
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
      let step = scratch.steps[index]
      for point in 0..<4 {
        let yes = node.pointee.share + node.pointee.slope[point] * step
        let change = node.pointee.change[point] * step
        // Where a product is 0 there is nothing below to share out.
        factors[index * 8 + point] =
          (-change / (1 - yes)).replacing(with: 0, where: yes .== 1)
        factors[index * 8 + 4 + point] = (change / yes).replacing(with: 0, where: yes .== 0)
      }
    }
  }
}
