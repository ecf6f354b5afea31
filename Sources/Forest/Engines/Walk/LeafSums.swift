/// What leaves add, and the sums of a call.
struct LeafSums<Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable>: Sendable {
  private let forest: Forest
  /// Of every leaf, `width` values.
  private let values: Table<Sum>
  private let outputs: Table<Int32>
  private let width: Int
  /// For means: how many trees add to each output.
  private let treeCounts: [Int]

  /// - Parameter positions: of the leaves in their trees, tree by tree.
  init(_ forest: Forest, positions: Table<Int32>) {
    var values: [Sum] = []
    values.reserveCapacity(positions.count * forest.trees[0].width)
    var leaf = 0
    for tree in forest.trees {
      for _ in 0..<tree.nodes.count / 2 + 1 {
        let position = Int(positions.pointer[leaf])
        if case .leaf(let value) = tree.nodes[position] {
          values.append(Sum(value))
        } else {
          for value in tree.leafValues(at: position) { values.append(Sum(value)) }
        }
        leaf += 1
      }
    }
    self.forest = forest
    self.values = Table(values)
    outputs = Table(forest.trees.map { Int32($0.output) })
    width = forest.trees[0].width
    treeCounts = forest.baseMargins.indices.map {
      forest.treeCount(addingTo: $0, in: forest.trees.indices)
    }
  }

  /// The bytes of a row's sums.
  var byteCount: Int { forest.outputCount * MemoryLayout<Sum>.stride }

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
    if width == 1 {
      sums[0] += values[0]
    } else {
      for index in 0..<width { sums[index] += values[index] }
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
