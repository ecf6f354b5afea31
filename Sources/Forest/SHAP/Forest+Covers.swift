extension Forest {
  /// Throws unless every tree has covers.
  func requireCovers() throws(ForestError) {
    guard !hasLinearLeaves else {
      throw ForestError("contributions of leaves that are linear models are not defined")
    }
    if let index = trees.firstIndex(where: { $0.covers == nil && $0.nodes.count > 1 }) {
      throw ForestError(
        "it has no covers, without which contributions are not defined", tree: index)
    }
  }

  /// By how much the leaves of a tree count in each output: 1 for sums, one over the number of
  /// trees for means.
  func leafWeights() -> [Double] {
    guard summation == .mean else { return baseMargins.map { _ in 1 } }
    return baseMargins.indices.map {
      1 / Double(max(1, treeCount(addingTo: $0, in: trees.indices)))
    }
  }

  /// What the margins are on average over the training data, as the covers tell it.
  func expectedMargins() -> [Double] {
    var margins = baseMargins.map(Double.init)
    let weights = leafWeights()
    for tree in trees {
      var pending = [(position: 0, share: 1.0)]
      while let (position, share) = pending.popLast() {
        if case .split(let split) = tree.nodes[position] {
          let yes = tree.yesShare(of: split)
          pending.append((split.yes, share * yes))
          pending.append((split.no, share * (1 - yes)))
        } else {
          for offset in 0..<tree.width {
            let output = tree.output + offset
            margins[output] += weights[output] * share * tree.leafValue(at: position, offset)
          }
        }
      }
    }
    return margins
  }
}

extension Tree {
  /// The share of the rows at a split that its condition led on; half if no row got there.
  ///
  /// It is taken of what the children hold together, so that the shares of both sum to one whatever
  /// the covers say.
  func yesShare(of split: Split) -> Double {
    guard let covers else { return 0.5 }
    let (yes, no) = (Double(covers[split.yes]), Double(covers[split.no]))
    return yes + no > 0 ? yes / (yes + no) : 0.5
  }

  /// One of the values that the leaf at a position adds.
  ///
  /// - Precondition: there is a leaf.
  func leafValue(at position: Int, _ offset: Int) -> Double {
    switch nodes[position] {
    case .leaf(let value): return Double(value)
    case .leafRow(let row): return leaves.map { $0.values[row * $0.width + offset] } ?? 0
    case .split: preconditionFailure("not a leaf")
    }
  }
}
