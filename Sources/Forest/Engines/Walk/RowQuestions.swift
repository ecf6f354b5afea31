/// The different questions of a forest, and which of them each node asks.
struct RowQuestions {
  /// A number, with what counts as missing and the answer to it.
  struct Side: Equatable {
    let feature: Int
    let missingYes: Bool
    let zeroIsMissing: Bool

    /// The sides of one feature.
    static let count = 4
    /// A place among all sides, ascending with the feature.
    var index: Int { feature * Self.count + (missingYes ? 1 : 0) + (zeroIsMissing ? 2 : 0) }

    init(_ split: Split) {
      feature = split.feature
      missingYes = split.missing == split.yes
      zeroIsMissing = split.zeroIsMissing
    }

    init(index: Int) {
      feature = index / Self.count
      missingYes = index & 1 == 1
      zeroIsMissing = index & 2 == 2
    }
  }

  /// A set of categories.
  struct Membership: Hashable {
    let feature: Int
    let categories: CategorySet
    let missingYes: Bool
  }

  /// The numbers that are asked about, features ascending.
  let sides: [Side]
  /// The sets that are asked about, in the order of the trees.
  let memberships: [Membership]
  let thresholds: Thresholds
  /// By tree and node: the number of its threshold or set; -1 where it has none.
  let numbers: [[Int32]]

  init(_ forest: Forest) {
    var seen = [Bool](repeating: false, count: forest.featureCount * Side.count)
    var thresholds = ThresholdNumbers(featureCount: forest.featureCount)
    var memberships: [Membership] = []
    var positions: [Membership: Int32] = [:]
    numbers = forest.trees.map { tree in
      tree.nodes.map { node in
        guard case .split(let split) = node else { return -1 }
        let side = Side(split)
        switch split.condition {
        case .below(let threshold):
          seen[side.index] = true
          return thresholds.number(
            feature: split.feature, threshold: threshold, missingYes: side.missingYes)
        case .present:
          seen[side.index] = true
          return -1
        case .member(let categories):
          let membership = Membership(
            feature: split.feature, categories: categories, missingYes: side.missingYes)
          if let position = positions[membership] { return position }
          let position = Int32(memberships.count)
          positions[membership] = position
          memberships.append(membership)
          return position
        }
      }
    }
    sides = seen.indices.filter { seen[$0] }.map(Side.init)
    self.memberships = memberships
    self.thresholds = Thresholds(thresholds, featureCount: forest.featureCount)
  }
}
