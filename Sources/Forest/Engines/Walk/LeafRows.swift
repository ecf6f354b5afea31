/// The values that leaves add, `width` each; zeros follow those of a tree with fewer.
///
/// Means are taken of fractions of few training rows, of which a forest has far fewer different ones
/// than leaves (the "rf" benchmark: 18,000 of 570,000, and most are all or nothing): those are kept
/// once, so that they stay in the cache.
struct LeafRows<Value: BinaryFloatingPoint & BitwiseCopyable & Sendable> {
  private(set) var values: [Value] = []
  /// The most values of a leaf.
  let width: Int
  private let merges: Bool
  private var count = 0
  /// A hash table of its own, for speed: rows by their bits.
  private var slots: [Int32]

  init(_ forest: Forest) {
    width = forest.trees.reduce(1) { max($0, $1.width) }
    merges = forest.summation == .mean
    slots = Array(repeating: -1, count: merges ? 1024 : 0)
  }

  /// The row of the leaf at a position.
  ///
  /// - Precondition: there is a leaf.
  mutating func row(of tree: Tree, at position: Int) -> UInt32 {
    switch tree.nodes[position] {
    case .leaf(let value):
      values.append(Value(value))
    case .leafRow(let row):
      guard let table = tree.leaves else { preconditionFailure("Forest checked it") }
      for value in table[row] { values.append(Value(value)) }
    case .split: preconditionFailure("not a leaf")
    }
    for _ in tree.width..<width { values.append(0) }
    guard merges else {
      count += 1
      return UInt32(count - 1)
    }
    if count * 2 >= slots.count { grow() }
    let slot = find(count)
    if slots[slot] >= 0 {
      values.removeLast(width)
    } else {
      slots[slot] = Int32(count)
      count += 1
    }
    return UInt32(slots[slot])
  }

  /// Where a row is among the slots, or where it belongs.
  private func find(_ row: Int) -> Int {
    var hash: UInt64 = 0
    for index in row * width..<(row + 1) * width {
      hash = (hash ^ UInt64(Double(values[index]).bitPattern)) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
    }
    var slot = Int(truncatingIfNeeded: hash >> 16) & (slots.count - 1)
    while slots[slot] >= 0, !isSame(Int(slots[slot]), row) { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  /// Whether two rows add the same; both zeros do.
  private func isSame(_ one: Int, _ other: Int) -> Bool {
    (0..<width).allSatisfy { values[one * width + $0] == values[other * width + $0] }
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 4)
    for row in 0..<count { slots[find(row)] = Int32(row) }
  }
}
