/// The trees of a forest in blocks of four levels (`Walk.h` explains), and what its leaves add.
struct BlockedForest<
  Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable,
  Sum: BinaryFloatingPoint & BitwiseCopyable & Sendable
> {
  /// 16 pairs of words a block; the blocks of a tree by level.
  private(set) var blocks: [Word] = []
  /// Of every tree, the number of its first block.
  private(set) var roots: [UInt32] = []
  private(set) var leaves: LeafRows<Sum>
  /// Of every exit of every block, the row of the leaf that it leads to.
  private(set) var exits: [UInt32] = []
  /// The same, the leaf's position in its tree.
  private(set) var positions: [UInt32] = []

  /// While a block is filled: the nodes in it and, from 16 on, below it, by their place; -1 for none.
  private var places = [Int](repeating: -1, count: 32)

  /// Lays out a forest; nil if a question, or how far ahead a block's first successor is, does not fit
  /// into a word.
  init?(_ forest: Forest, _ code: RowCode, numbers: [[Int32]]) {
    guard code.largest <= Int(Word.max) else { return nil }
    leaves = LeafRows(forest)
    for (tree, numbers) in zip(forest.trees, numbers) {
      let root = blocks.count / 32
      roots.append(UInt32(root))
      // The successors of the blocks of `pending` follow its end, side by side.
      var pending = [0]
      var next = 0
      while next < pending.count {
        blocks += repeatElement(0, count: 32)
        exits += repeatElement(0, count: 16)
        positions += repeatElement(0, count: 16)
        guard let ahead = Word(exactly: pending.count - next) else { return nil }
        blocks[(root + next) * 32 + 1] = ahead
        add(tree, code, numbers, root + next, node: pending[next], pending: &pending)
        next += 1
      }
    }
    guard exits.count <= Int(UInt32.max) else { return nil }
  }

  /// Fills a block with the nodes below one.
  private mutating func add(
    _ tree: Tree, _ code: RowCode, _ numbers: [Int32], _ block: Int, node: Int,
    pending: inout [Int]
  ) {
    // A question's answers lead to higher places, so that exits come in ascending order.
    for place in places.indices { places[place] = -1 }
    places[1] = node
    for place in 1..<32 where places[place] >= 0 {
      let node = places[place]
      // The highest bit of a place says at which level it is, those below it which answers lead there.
      let level = Int.bitWidth - 1 - place.leadingZeroBitCount
      if case .split(let split) = tree.nodes[node] {
        if place < 16 {
          let question = code.question(split, number: numbers[node])
          blocks[block * 32 + place * 2] = Word(question.limit)
          blocks[block * 32 + place * 2 + 1] = Word(question.word)
          places[place + (1 << level)] = split.no
          places[place + (2 << level)] = split.yes
        } else {
          blocks[block * 32] |= 1 << Word(place - 16)
          pending.append(node)
        }
      } else {
        // Below a leaf every answer is no.
        let exit = block * 16 + place - (1 << level)
        exits[exit] = leaves.row(of: tree, at: node)
        positions[exit] = UInt32(node)
      }
    }
  }
}
