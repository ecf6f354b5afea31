/// The tables of ``WalkEngine``, for one size of nodes and one precision of sums.
///
/// The nodes of a tree lie level by level, the two children of a node side by side.
final class Walker<Node: WalkNode, Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable>:
  Sendable
{
  private let forest: Forest
  private let code: RowCode
  private let nodes: Table<Node>
  private let roots: Table<Int>
  private let depths: Table<Int>
  private let outputs: Table<Int>
  /// Of every leaf, `width` values.
  private let values: Table<Sum>
  /// Of every leaf, its position in the tree.
  private let positions: Table<Int32>
  private let width: Int
  /// For means: by how much the sum over all trees is divided.
  private let treeCounts: [Sum]
  private let blockRows: Int

  /// Lays out a forest; nil if a node does not fit.
  init?(_ forest: Forest, _ code: RowCode) {
    var nodes: [Node] = []
    var roots: [Int] = []
    var values: [Sum] = []
    var positions: [Int32] = []
    for tree in forest.trees {
      let root = nodes.count
      roots.append(root)
      // The children of the nodes of `order` follow its end, pair by pair.
      var order = [0]
      var next = 0
      while next < order.count {
        let position = order[next]
        let node: Node?
        if case .split(let split) = tree.nodes[position] {
          node = Node(code.question(split), ahead: order.count - next)
          order.append(split.yes)
          order.append(split.no)
        } else {
          let leaf = RowCode.Question(word: RowCode.lowest, key: Int32(positions.count))
          node = Node(leaf, ahead: 0)
          positions.append(Int32(position))
          tree.appendLeaf(at: position, to: &values)
        }
        guard let node else { return nil }
        nodes.append(node)
        next += 1
      }
    }
    self.forest = forest
    self.code = code
    self.nodes = Table(nodes)
    self.roots = Table(roots)
    self.values = Table(values)
    self.positions = Table(positions)
    depths = Table(forest.trees.map(\.depth))
    outputs = Table(forest.trees.map(\.output))
    width = forest.trees[0].width
    treeCounts = forest.baseMargins.indices.map {
      Sum(max(1, forest.treeCount(addingTo: $0, in: forest.trees.indices)))
    }
    blockRows = min(256, max(8, (1 << 16) / (code.wordCount * 4) / 8 * 8))
  }

  /// Scratch for rows one at a time, and for blocks of them.
  var rowBytes: Int { sumBytes + code.wordCount * 4 }
  var blockBytes: Int { blockSumBytes + blockRows * code.wordCount * 4 }
  private var sumBytes: Int { (forest.outputCount * MemoryLayout<Sum>.stride + 63) & ~63 }
  private var blockSumBytes: Int {
    (blockRows * forest.outputCount * MemoryLayout<Sum>.stride + 63) & ~63
  }

  /// Writes the margins of rows; `blocks` says whether the scratch is for blocks.
  func margins(
    of call: WalkCall, into margins: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer,
    blocks: Bool
  ) {
    let (rows, rowCount, trees) = (call.rows, call.rowCount, call.trees)
    let featureCount = forest.featureCount
    let outputCount = forest.outputCount
    // Safe: the scratch is as large as asked for above: sums first, then words.
    let sums = scratch.assumingMemoryBound(to: Sum.self)
    var row = 0
    if blocks {
      let words = (scratch + blockSumBytes).assumingMemoryBound(to: Int32.self)
      while rowCount - row >= 8 {
        let count = min(blockRows, (rowCount - row) & ~7)
        let features = rows + row * featureCount
        for index in 0..<count {
          let group = words + (index & ~7) * code.wordCount
          code.encode(features + index * featureCount, into: group + (index & 7), stride: 8)
        }
        for index in 0..<count { start(sums + index * outputCount) }
        for tree in trees { addTree(tree, words: words, rowCount: count, to: sums) }
        for index in 0..<count {
          finish(
            sums + index * outputCount, trees, into: margins + (row + index) * outputCount)
        }
        row += count
      }
    }
    let words = (scratch + sumBytes).assumingMemoryBound(to: Int32.self)
    while row < rowCount {
      code.encode(rows + row * featureCount, into: words, stride: 1)
      start(sums)
      addRow(words, trees: trees, to: sums)
      finish(sums, trees, into: margins + row * outputCount)
      row += 1
    }
  }

  private func start(_ sums: UnsafeMutablePointer<Sum>) {
    for output in 0..<forest.outputCount {
      sums[output] = forest.summation == .mean ? 0 : Sum(forest.baseMargins[output])
    }
  }

  private func finish(
    _ sums: UnsafeMutablePointer<Sum>, _ trees: Range<Int>,
    into margins: UnsafeMutablePointer<Float>
  ) {
    for output in 0..<forest.outputCount {
      guard forest.summation == .mean else {
        margins[output] = Float(sums[output])
        continue
      }
      let count =
        trees.count == forest.trees.count
        ? treeCounts[output] : Sum(max(1, forest.treeCount(addingTo: output, in: trees)))
      margins[output] = Float(Sum(forest.baseMargins[output]) + sums[output] / count)
    }
  }

  @inline(__always)
  private func add(leaf: Int, of tree: Int, to sums: UnsafeMutablePointer<Sum>) {
    // Safe: the leaf was numbered by init, and Forest checked that its tree's outputs exist.
    let sums = sums + outputs.pointer[tree]
    if width == 1 {
      sums[0] += values.pointer[leaf]
    } else {
      for index in 0..<width { sums[index] += values.pointer[leaf * width + index] }
    }
  }

  /// One row: eight trees walk at the same time, so that none waits for memory alone.
  private func addRow(
    _ words: UnsafePointer<Int32>, trees: Range<Int>, to sums: UnsafeMutablePointer<Sum>
  ) {
    // Safe: a node leads only to nodes of its tree and asks only for words that encode has written.
    let nodes = nodes.pointer
    let roots = roots.pointer
    var tree = trees.lowerBound
    while tree + 8 <= trees.upperBound {
      var (a, b, c, d) = (roots[tree], roots[tree + 1], roots[tree + 2], roots[tree + 3])
      var (e, f, g, h) = (roots[tree + 4], roots[tree + 5], roots[tree + 6], roots[tree + 7])
      var depth = 0
      for index in tree..<tree + 8 { depth = max(depth, depths.pointer[index]) }
      for _ in 0..<depth {
        a &+= nodes[a].step(words, stride: 1)
        b &+= nodes[b].step(words, stride: 1)
        c &+= nodes[c].step(words, stride: 1)
        d &+= nodes[d].step(words, stride: 1)
        e &+= nodes[e].step(words, stride: 1)
        f &+= nodes[f].step(words, stride: 1)
        g &+= nodes[g].step(words, stride: 1)
        h &+= nodes[h].step(words, stride: 1)
      }
      add(leaf: Int(nodes[a].key), of: tree, to: sums)
      add(leaf: Int(nodes[b].key), of: tree + 1, to: sums)
      add(leaf: Int(nodes[c].key), of: tree + 2, to: sums)
      add(leaf: Int(nodes[d].key), of: tree + 3, to: sums)
      add(leaf: Int(nodes[e].key), of: tree + 4, to: sums)
      add(leaf: Int(nodes[f].key), of: tree + 5, to: sums)
      add(leaf: Int(nodes[g].key), of: tree + 6, to: sums)
      add(leaf: Int(nodes[h].key), of: tree + 7, to: sums)
      tree += 8
    }
    while tree < trees.upperBound {
      add(leaf: leaf(of: tree, words), of: tree, to: sums)
      tree += 1
    }
  }

  @inline(__always)
  private func leaf(of tree: Int, _ words: UnsafePointer<Int32>) -> Int {
    // Safe: as above.
    var position = roots.pointer[tree]
    for _ in 0..<depths.pointer[tree] {
      position &+= nodes.pointer[position].step(words, stride: 1)
    }
    return Int(nodes.pointer[position].key)
  }

  /// Many rows: eight rows walk through one tree at the same time. The words of eight rows lie
  /// interleaved.
  private func addTree(
    _ tree: Int, words: UnsafePointer<Int32>, rowCount: Int, to sums: UnsafeMutablePointer<Sum>
  ) {
    // Safe: as above; rowCount is a multiple of 8.
    let nodes = nodes.pointer
    let root = roots.pointer[tree]
    let depth = depths.pointer[tree]
    let outputCount = forest.outputCount
    for row in stride(from: 0, to: rowCount, by: 8) {
      let words = words + row * code.wordCount
      let sums = sums + row * outputCount
      var (a, b, c, d) = (root, root, root, root)
      var (e, f, g, h) = (root, root, root, root)
      for _ in 0..<depth {
        a &+= nodes[a].step(words, stride: 8)
        b &+= nodes[b].step(words + 1, stride: 8)
        c &+= nodes[c].step(words + 2, stride: 8)
        d &+= nodes[d].step(words + 3, stride: 8)
        e &+= nodes[e].step(words + 4, stride: 8)
        f &+= nodes[f].step(words + 5, stride: 8)
        g &+= nodes[g].step(words + 6, stride: 8)
        h &+= nodes[h].step(words + 7, stride: 8)
      }
      add(leaf: Int(nodes[a].key), of: tree, to: sums)
      add(leaf: Int(nodes[b].key), of: tree, to: sums + outputCount)
      add(leaf: Int(nodes[c].key), of: tree, to: sums + 2 * outputCount)
      add(leaf: Int(nodes[d].key), of: tree, to: sums + 3 * outputCount)
      add(leaf: Int(nodes[e].key), of: tree, to: sums + 4 * outputCount)
      add(leaf: Int(nodes[f].key), of: tree, to: sums + 5 * outputCount)
      add(leaf: Int(nodes[g].key), of: tree, to: sums + 6 * outputCount)
      add(leaf: Int(nodes[h].key), of: tree, to: sums + 7 * outputCount)
    }
  }

  /// Writes the position of the leaf of each tree for each row.
  func leaves(
    of call: WalkCall, into nodes: UnsafeMutablePointer<Int32>, scratch: UnsafeMutableRawPointer
  ) {
    let (rows, rowCount, trees) = (call.rows, call.rowCount, call.trees)
    // Safe: as above.
    let words = (scratch + sumBytes).assumingMemoryBound(to: Int32.self)
    for row in 0..<rowCount {
      code.encode(rows + row * forest.featureCount, into: words, stride: 1)
      for tree in trees {
        nodes[row * trees.count + tree - trees.lowerBound] =
          positions.pointer[leaf(of: tree, words)]
      }
    }
  }
}

extension Tree {
  /// Appends what the leaf at a position adds.
  fileprivate func appendLeaf<Value: BinaryFloatingPoint>(
    at position: Int, to values: inout [Value]
  ) {
    if case .leaf(let value) = nodes[position] {
      values.append(Value(value))
    } else {
      for value in leafValues(at: position) { values.append(Value(value)) }
    }
  }
}
