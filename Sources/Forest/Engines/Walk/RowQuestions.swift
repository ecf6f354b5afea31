/// The different questions of a forest, as far as they need words of their own in a row's code.
struct RowQuestions {
  struct Side: Hashable {
    let feature: Int
    let missingYes: Bool
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
    words = Array(repeating: -1, count: forest.featureCount * 2)
    var memberships: [Int: [Membership: Int]] = [:]
    for tree in forest.trees {
      for case .split(let split) in tree.nodes {
        let missingYes = split.missing == split.yes
        switch split.condition {
        case .below, .present:
          words[split.feature * 2 + (missingYes ? 1 : 0)] = 0
        case .member(let categories):
          let membership = Membership(categories: categories, missingYes: missingYes)
          let next = memberships[split.feature]?.count ?? 0
          if memberships[split.feature]?[membership] == nil {
            memberships[split.feature, default: [:]][membership] = next
          }
        }
      }
    }
    for index in words.indices where words[index] == 0 {
      words[index] = sides.count
      sides.append(Side(feature: index / 2, missingYes: index % 2 == 1))
    }
    for feature in memberships.keys.sorted() {
      positions[feature] = sets.count
      sets.append((feature, memberships[feature] ?? [:]))
    }
  }

  /// Where a number is among the sides.
  func word(_ side: Side) -> Int { words[side.feature * 2 + (side.missingYes ? 1 : 0)] }

  /// Where a feature is among the sets, and a set among the feature's.
  func position(of membership: Membership, _ feature: Int) -> (position: Int, index: Int) {
    guard let position = positions[feature], let index = sets[position].sets[membership] else {
      preconditionFailure("init saw every question")
    }
    return (position, index)
  }
}
