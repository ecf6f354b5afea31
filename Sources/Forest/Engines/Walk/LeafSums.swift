/// What leaves add, and the sums of a call.
struct LeafSums<Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable>: Sendable {
  private let forest: Forest
  /// Of every leaf, `width` values; of trees with fewer, these and zeros.
  let values: Table<Sum>
  private let outputs: Table<Int32>
  private let width: Int
  private let widths: Table<Int32>
  /// For means: how many trees add to each output.
  private let treeCounts: [Int]

  init(_ forest: Forest, _ leaves: LeafRows<Sum>) {
    self.forest = forest
    values = Table(leaves.values)
    outputs = Table(forest.trees.map { Int32($0.output) })
    width = leaves.width
    widths = Table(forest.trees.map { Int32($0.width) })
    treeCounts = forest.baseMargins.indices.map {
      forest.treeCount(addingTo: $0, in: forest.trees.indices)
    }
  }

  /// The bytes of a leaf's values, and of a row's sums.
  var valueBytes: Int { width * MemoryLayout<Sum>.stride }
  var sumBytes: Int { forest.outputCount * MemoryLayout<Sum>.stride }

  /// Sets the sums of a row to where they start.
  func start(_ sums: UnsafeMutablePointer<Sum>) {
    for output in 0..<forest.outputCount {
      sums[output] = forest.summation == .mean ? 0 : Sum(forest.baseMargins[output])
    }
  }

  /// Adds a leaf of a tree to the sums of a row.
  @inline(__always)
  func add(leaf: UInt32, of tree: Int, to sums: UnsafeMutablePointer<Sum>) {
    // Safe: the leaf was numbered by init, and Forest checked that its tree's outputs exist.
    let sums = sums + Int(outputs.pointer[tree])
    let values = values.pointer + Int(leaf) &* width
    sums[0] += values[0]
    if width > 1 {
      for index in 1..<max(1, Int(widths.pointer[tree])) { sums[index] += values[index] }
    }
  }

  /// Adds leaves of trees that follow one another to the sums of a row.
  func add(
    leaves: UnsafePointer<UInt32>, of trees: Range<Int>, to sums: UnsafeMutablePointer<Sum>
  ) {
    // Safe: as above; a forest of one output has one value a leaf.
    guard forest.outputCount == 1 else {
      for tree in trees { add(leaf: leaves[tree &- trees.lowerBound], of: tree, to: sums) }
      return
    }
    // In a register: in memory, each addition would wait for the one before to arrive there.
    var sum = sums[0]
    for index in 0..<trees.count { sum += values.pointer[Int(leaves[index])] }
    sums[0] = sum
  }

  /// Writes the margins of a row, to which these trees were added.
  func finish(
    _ sums: UnsafePointer<Sum>, _ trees: Range<Int>, into margins: UnsafeMutablePointer<Float>
  ) {
    for output in 0..<forest.outputCount {
      guard forest.summation == .mean else {
        margins[output] = Float(sums[output])
        continue
      }
      let count =
        trees.count == forest.trees.count
        ? treeCounts[output] : forest.treeCount(addingTo: output, in: trees)
      margins[output] = Float(Sum(forest.baseMargins[output]) + sums[output] / Sum(max(1, count)))
    }
  }
}
