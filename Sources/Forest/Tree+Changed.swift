extension Tree {
  /// The same tree with other features and leaves.
  ///
  /// - Parameters:
  ///   - output: the first margin that a leaf adds to.
  ///   - width: the number of values of a leaf that the function returns, at least 1.
  ///   - feature: the column in the place of another.
  ///   - leaf: the values in the place of those of the leaf at a position.
  public func changed(
    output: Int? = nil, width: Int, feature: (Int) -> Int = { $0 },
    leaf: (_ node: Int, _ values: [Double]) -> [Double]
  ) -> Tree {
    var table: [Double] = []
    let nodes = nodes.enumerated().map { position, node in
      guard case .split(let split) = node else {
        table += leaf(position, leafValues(at: position))
        return Node.leafRow(table.count / width - 1)
      }
      return .split(
        Split(
          feature: feature(split.feature), condition: split.condition, yes: split.yes,
          no: split.no, missing: split.missing, zeroIsMissing: split.zeroIsMissing))
    }
    return Tree(
      output: output ?? self.output, nodes: nodes,
      leaves: LeafTable(width: width, values: table), covers: covers)
  }
}
