/// Adds what one pass tells of one row.
///
/// All memory is the caller's: `cells`, `steps` and `states` have room for the nodes of the pass,
/// `states` for one more.
struct ExplanationKernel {
  let inner: UnsafePointer<ExplanationPlan.InnerNode>
  let bottom: UnsafePointer<ExplanationPlan.BottomNode>
  let categories: CategoryTable
  /// Of each node, first the product of the path to it, then the value of what is below it.
  let cells: UnsafeMutablePointer<SIMD4<Float>>
  /// Of each node, its answer less the share of yes: what knowing its feature changes.
  let steps: UnsafeMutablePointer<Float>
  /// Of each node, one later: the answer, 0 or 1; 2 more where the row has left the path already
  /// at another question about the same feature.
  let states: UnsafeMutablePointer<UInt8>

  /// Adds the contributions of a row to the sums of the pass's output.
  @inline(__always)
  func addContributions(
    _ pass: ExplanationPlan.Pass, row: UnsafePointer<Float>,
    sums: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    run(pass, row: row) { _, feature, value in sums[feature] += value }
  }

  /// Goes down the tree and up again, and tells each node's part in its feature's contribution.
  ///
  /// Safe: the planner numbers nodes within the pass, links to nodes before, and features within
  /// the row, as the forest was checked.
  @inline(__always)
  func run(
    _ pass: ExplanationPlan.Pass, row: UnsafePointer<Float>,
    _ part: (_ node: Int, _ feature: Int, _ value: SIMD4<Float>) -> Void
  ) {
    let inner = inner + pass.firstInner
    let bottom = bottom + pass.firstBottom
    states[0] = 1
    cells[0] = pass.weights
    for index in 0..<pass.innerCount {
      let node = inner + index
      let step = step(node.pointee.question, node.pointee.share, row, index)
      let product = cells[index]
      let yes = product * (node.pointee.share + node.pointee.slope * step)
      cells[Int(node.pointee.yes)] = yes
      cells[Int(node.pointee.no)] = product - yes
    }
    for index in 0..<pass.bottomCount {
      let node = bottom + index
      let number = pass.innerCount + index
      let step = step(node.pointee.question, node.pointee.share, row, number)
      let slope = node.pointee.slope
      let difference = node.pointee.yes - node.pointee.no
      let change = (slope - slope * slope) * pass.scale
      part(
        number, Int(node.pointee.question.feature), cells[number] * change * (difference * step))
      cells[number] = node.pointee.no + (node.pointee.share + slope * step) * difference
    }
    for index in (0..<pass.innerCount).reversed() {
      let node = inner + index
      let step = steps[index]
      let slope = node.pointee.slope
      let no = cells[Int(node.pointee.no)]
      let difference = cells[Int(node.pointee.yes)] - no
      let change = (slope - slope * slope) * pass.scale
      part(
        index, Int(node.pointee.question.feature), cells[index] * difference * (change * step))
      cells[index] = no + (node.pointee.share + slope * step) * difference
    }
  }

  @inline(__always)
  private func step(
    _ question: ExplanationPlan.Question, _ share: Float, _ row: UnsafePointer<Float>, _ number: Int
  ) -> Float {
    let value = row[Int(question.feature)]
    var answer: UInt8
    if question.isCategorical {
      answer = categories.contains(value, set: Int(question.threshold.bitPattern)) ? 1 : 0
    } else {
      answer = value < question.threshold ? 1 : 0
    }
    // No branches, which rows would take in no order that a processor could learn.
    answer |= (value == value ? 0 : 1) & question.missing
    let isClosed: UInt8 = states[Int(question.link)] == question.needed ? 0 : 1
    states[number &+ 1] = answer | isClosed &<< 1
    let one = Float(bitPattern: (0 &- UInt32(answer)) & Float(1).bitPattern)
    let step = Float(bitPattern: (one - share).bitPattern & (UInt32(isClosed) &- 1))
    steps[number] = step
    return step
  }
}
