extension Tree {
  /// The number of questions on the longest path.
  var depth: Int {
    var deepest = 0
    var pending = [(position: 0, depth: 0)]
    while let (position, depth) = pending.popLast() {
      switch nodes[position] {
      case .split(let split):
        pending.append((split.yes, depth + 1))
        pending.append((split.no, depth + 1))
      case .leaf, .leafRow:
        deepest = max(deepest, depth)
      }
    }
    return deepest
  }

  /// Calls `question` and `leaf` for every node, with its level and its path: bit d is the answer at
  /// level d, yes is 1.
  func visitPaths(
    question: (_ split: Split, _ level: Int, _ path: Int) -> Void,
    leaf: (_ position: Int, _ path: Int) -> Void
  ) {
    var pending = [(position: 0, level: 0, path: 0)]
    while let (position, level, path) = pending.popLast() {
      switch nodes[position] {
      case .split(let split):
        question(split, level, path)
        pending.append((split.no, level + 1, path))
        pending.append((split.yes, level + 1, path | 1 << level))
      case .leaf, .leafRow:
        leaf(position, path)
      }
    }
  }
}
