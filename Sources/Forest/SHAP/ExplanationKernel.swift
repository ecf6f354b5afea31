/// Adds what one pass tells of four rows, one in each lane.
///
/// All memory is the caller's. Safe: the planner numbers nodes within the pass, links nodes to
/// earlier ones and asks for features of the forest only, as the forest was checked.
struct ExplanationKernel {
  let inner: UnsafePointer<ExplanationPlan.InnerNode>
  let bottom: UnsafePointer<ExplanationPlan.BottomNode>
  let categories: UnsafePointer<CategoryTable>
  let scratch: ExplanationScratch

  /// Adds the contributions to the sums of the pass's output, one a feature.
  ///
  /// - Parameter rows: the values of each feature.
  func addContributions(
    _ pass: ExplanationPlan.Pass, rows: UnsafePointer<SIMD4<Float>>,
    to sums: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    // One copy of the loops for each number of points.
    switch pass.pointCount {
    case 1: add(pass, PointCount<1>.self, rows, sums)
    case 2: add(pass, PointCount<2>.self, rows, sums)
    case 3: add(pass, PointCount<3>.self, rows, sums)
    default: add(pass, PointCount<4>.self, rows, sums)
    }
  }

  private enum PointCount<let count: Int> {}

  private func add<let pointCount: Int>(
    _ pass: ExplanationPlan.Pass, _: PointCount<pointCount>.Type,
    _ rows: UnsafePointer<SIMD4<Float>>, _ sums: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    let inner = inner + pass.firstInner
    let bottom = bottom + pass.firstBottom
    let (products, values) = (scratch.products, scratch.values)
    scratch.states[0] = SIMD4(repeating: -1)
    for point in 0..<pointCount { products[point] = SIMD4(repeating: pass.weights[point]) }
    for index in 0..<pass.innerCount {
      let node = inner + index
      let (state, step) = answer(node.pointee.question, node.pointee.share, rows)
      scratch.states[index &+ 1] = state
      scratch.steps[index] = step
      let yes = products + Int(node.pointee.yes) &* pointCount
      let no = products + Int(node.pointee.no) &* pointCount
      let here = products + index &* pointCount
      for point in 0..<pointCount {
        let product = here[point]
        let part = product * (node.pointee.share + node.pointee.slope[point] * step)
        yes[point] = part
        no[point] = product - part
      }
    }
    for index in 0..<pass.bottomCount {
      let node = bottom + index
      let number = pass.innerCount &+ index
      let (_, step) = answer(node.pointee.question, node.pointee.share, rows)
      scratch.steps[number] = step
      let difference = node.pointee.yes - node.pointee.no
      let change = step * difference
      let mean = node.pointee.no + difference * node.pointee.share
      let product = products + number &* pointCount
      let value = values + number &* pointCount
      var sum = SIMD4<Float>.zero
      for point in 0..<pointCount {
        sum += product[point] * node.pointee.change[point]
        value[point] = mean + node.pointee.slope[point] * change
      }
      sums[Int(node.pointee.question.feature)] += sum * change
    }
    for index in (0..<pass.innerCount).reversed() {
      let node = inner + index
      let step = scratch.steps[index]
      let yes = values + Int(node.pointee.yes) &* pointCount
      let no = values + Int(node.pointee.no) &* pointCount
      let product = products + index &* pointCount
      let value = values + index &* pointCount
      var sum = SIMD4<Float>.zero
      for point in 0..<pointCount {
        let difference = yes[point] - no[point]
        sum += product[point] * difference * node.pointee.change[point]
        value[point] =
          no[point] + difference * (node.pointee.share + node.pointee.slope[point] * step)
      }
      sums[Int(node.pointee.question.feature)] += sum * step
    }
  }

  /// Answers a node's question, and tells the answer less the share of yes.
  @inline(__always)
  private func answer(
    _ question: ExplanationPlan.Question, _ share: Float, _ rows: UnsafePointer<SIMD4<Float>>
  ) -> (state: SIMD4<Int32>, step: SIMD4<Float>) {
    let value = rows[Int(question.feature)]
    // No branches, which rows would take in no order that a processor could learn.
    var answer =
      question.isCategorical
      ? categories.pointee.contains(value, set: Int(question.threshold.bitPattern))
      : (value .< question.threshold).bits
    answer |= (value .!= value).bits & Int32(question.missing)
    let isOpen = (scratch.states[Int(question.link)] .== Int32(question.needed)).bits
    let one = SIMD4<Float>(bits: answer & Int32(bitPattern: Float(1).bitPattern))
    let step = SIMD4<Float>(bits: SIMD4<Int32>(bits: one - share) & isOpen)
    return (answer & isOpen | (isOpen &+ 1), step)
  }
}

extension SIMDMask<SIMD4<Int32>> {
  /// -1 where it holds, 0 elsewhere.
  @inline(__always)
  fileprivate var bits: SIMD4<Int32> {
    // Safe: a mask is the vector of its lanes, which comparisons set to all ones or all zeros.
    unsafeBitCast(self, to: SIMD4<Int32>.self)
  }
}

extension SIMD4<Int32> {
  @inline(__always)
  fileprivate init(bits: SIMD4<Float>) { self = unsafeBitCast(bits, to: Self.self) }
}

extension SIMD4<Float> {
  @inline(__always)
  fileprivate init(bits: SIMD4<Int32>) { self = unsafeBitCast(bits, to: Self.self) }
}

/// The memory of one call.
struct ExplanationScratch {
  /// Of each node and point, the product of the path to it.
  let products: UnsafeMutablePointer<SIMD4<Float>>
  /// Of each node and point, the value of what is below it; may take the place of the product.
  let values: UnsafeMutablePointer<SIMD4<Float>>
  /// Of each node, its answer less the share of yes: what knowing its feature changes; 0 where the
  /// row has left the path already at another question about the same feature.
  let steps: UnsafeMutablePointer<SIMD4<Float>>
  /// Of each node, one later: the answer, 0 or -1, or 1 where the row has left the path already.
  let states: UnsafeMutablePointer<SIMD4<Int32>>
  /// The values of each feature of four rows, group after group.
  let rows: UnsafeMutablePointer<SIMD4<Float>>
  /// What is summed up, group after group.
  let sums: UnsafeMutablePointer<SIMD4<Float>>
  private let sumCount: Int

  /// Memory for passes of that many nodes.
  ///
  /// - Parameter keepsProducts: whether values have their own place.
  init(nodeCount: Int, keepsProducts: Bool, rowCount: Int, sumCount: Int) {
    let productCount = nodeCount * 4
    let valueCount = keepsProducts ? productCount : 0
    let count = productCount + valueCount + nodeCount + rowCount + sumCount
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: (count + nodeCount + 1) * 16, alignment: 64)
    products = bytes.bindMemory(to: SIMD4<Float>.self, capacity: count)
    values = keepsProducts ? products + productCount : products
    steps = products + productCount + valueCount
    rows = steps + nodeCount
    sums = rows + rowCount
    states = (bytes + count * 16).bindMemory(to: SIMD4<Int32>.self, capacity: nodeCount + 1)
    self.sumCount = sumCount
  }

  /// Sets all sums to zero.
  func clearSums() { sums.update(repeating: .zero, count: sumCount) }

  /// Lays rows out in groups of four; the last one fills up its group.
  ///
  /// - Precondition: there is a row.
  func load(_ values: borrowing Span<Float>, featureCount: Int) {
    guard featureCount > 0 else { return }
    let rowCount = values.count / featureCount
    for group in 0..<(rowCount + 3) / 4 {
      for lane in 0..<4 {
        let row = min(group * 4 + lane, rowCount - 1) * featureCount
        for feature in 0..<featureCount {
          rows[group * featureCount + feature][lane] = values[row + feature]
        }
      }
    }
  }

  func deallocate() { products.deallocate() }
}
