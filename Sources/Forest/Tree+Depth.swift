extension Tree {
  /// The number of questions on the longest path.
  var depth: Int {
    var deepest = 0
    var pending = [(position: 0, depth: 0)]
    while let (position, depth) = pending.popLast() {
      if case .split(let split) = nodes[position] {
        pending.append((split.yes, depth + 1))
        pending.append((split.no, depth + 1))
      } else {
        deepest = max(deepest, depth)
      }
    }
    return deepest
  }
}
