/// What leaves add, and the sums of a call.
struct LeafSums<Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable>: Sendable {
  private let forest: Forest
  /// Of every leaf, `width` values.
  let values: Table<Sum>
  private let outputs: Table<Int32>
  private let width: Int
  /// For means: how many trees add to each output.
  private let treeCounts: [Int]

  init(_ forest: Forest, _ leaves: LeafRows<Sum>) {
    self.forest = forest
    values = Table(leaves.values)
    outputs = Table(forest.trees.map { Int32($0.output) })
    width = forest.trees[0].width
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
      sums[1] += values[1]
      for index in 2..<width { sums[index] += values[index] }
    }
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
