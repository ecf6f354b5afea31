/// The different questions of a forest, as far as they need words of their own in a row's code.
struct RowQuestions {
  struct Side: Hashable {
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
  }

  struct Membership: Hashable {
    let categories: CategorySet
    let missingYes: Bool
  }

  /// The numbers that are asked about, in ascending order.
  private(set) var sides: [Side] = []
  /// The sets that each categorical feature is asked about, numbered from 0, features ascending.
  private(set) var sets: [(feature: Int, sets: [Membership: Int])] = []
  private var words: [Int]
  private var positions: [Int: Int] = [:]

  init(_ forest: Forest) {
    words = Array(repeating: -1, count: forest.featureCount * Side.count)
    var seen: [Int: Side] = [:]
    var memberships: [Int: [Membership: Int]] = [:]
    for tree in forest.trees {
      for case .split(let split) in tree.nodes {
        switch split.condition {
        case .below, .present:
          let side = Side(split)
          seen[side.index] = side
        case .member(let categories):
          let membership = Membership(
            categories: categories, missingYes: split.missing == split.yes)
          let next = memberships[split.feature]?.count ?? 0
          if memberships[split.feature]?[membership] == nil {
            memberships[split.feature, default: [:]][membership] = next
          }
        }
      }
    }
    for (index, side) in seen.sorted(by: { $0.key < $1.key }) {
      words[index] = sides.count
      sides.append(side)
    }
    for feature in memberships.keys.sorted() {
      positions[feature] = sets.count
      sets.append((feature, memberships[feature] ?? [:]))
    }
  }

  /// Where a number is among the sides.
  func word(_ side: Side) -> Int { words[side.index] }

  /// Where a feature is among the sets, and a set among the feature's.
  func position(of membership: Membership, _ feature: Int) -> (position: Int, index: Int) {
    guard let position = positions[feature], let index = sets[position].sets[membership] else {
      preconditionFailure("init saw every question")
    }
    return (position, index)
  }
}
