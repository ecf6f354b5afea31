/// What the sets that a forest asks about say of each category of a feature: the answers that a kernel
/// copies into a row's words (see `fk_category`).
///
/// After the categories come one that is in no set, and a missing value.
struct CategoryAnswers {
  /// The codes in each set.
  private let sets: [[Int]]
  /// By set, whether a missing value is answered with yes.
  private let missingYes: [Bool]
  /// Of categories: one more than the highest code.
  let count: Int
  /// The words of an answer to all sets, one bit each.
  var wordCount: Int { (sets.count + 31) / 32 }

  init(_ memberships: [RowQuestions.Membership]) {
    sets = memberships.map(\.categories.codes)
    missingYes = memberships.map(\.missingYes)
    count = 1 + (sets.compactMap(\.last).max() ?? -1)
  }

  /// The numbers of words of the two forms.
  var tableSize: Int { (count + 2) * wordCount }
  var listSize: Int {
    count + 3 + sets.reduce(0) { $0 + $1.count } + missingYes.count { $0 }
  }

  /// The words of every category.
  func table() -> [UInt32] {
    var table = [UInt32](repeating: 0, count: tableSize)
    forEachYes { code, set in table[code * wordCount + set / 32] |= 1 << UInt32(set % 32) }
    return table
  }

  /// Where the list of every category starts and the last one ends; then of each the sets that it is in.
  func lists() -> [UInt32] {
    var lists = [UInt32](repeating: 0, count: listSize)
    forEachYes { code, _ in lists[code + 1] += 1 }
    lists[0] = UInt32(count + 3)
    for code in 0..<count + 2 { lists[code + 1] += lists[code] }
    var ends = Array(lists.prefix(count + 2))
    forEachYes { code, set in
      lists[Int(ends[code])] = UInt32(set)
      ends[code] += 1
    }
    return lists
  }

  private func forEachYes(_ body: (_ code: Int, _ set: Int) -> Void) {
    for set in sets.indices {
      for code in sets[set] { body(code, set) }
      if missingYes[set] { body(count + 1, set) }
    }
  }
}
