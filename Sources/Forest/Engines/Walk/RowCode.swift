import ForestKernels

/// How a row is rewritten so that every question becomes one look-up.
///
/// - Without categories, as ranks. A number takes one word for each direction in which it can be
///   missing, with zero or without: its rank among the thresholds that the forest compares it with. A
///   missing value ranks below or above all of them. A question picks a word and asks whether it is
///   below a limit.
/// - With categories, as answers. A row becomes the answers to all the different questions of the
///   forest, one bit each. A rank answers all questions about a number at once, and a category has its
///   answers in a table. A question picks a word and a bit of it.
struct RowCode {
  let kind: fk_code
  private(set) var numbers: [fk_number] = []
  private(set) var categories: [fk_category] = []
  private(set) var answers: [UInt32] = []
  let thresholds: ThresholdTable
  private(set) var wordCount: Int
  /// The largest number of a question.
  let largest: Int

  private let questions: RowQuestions
  /// By index of a side: its number.
  private var sides: [Int]
  /// By number of a set: where its answer is.
  private var memberships: [(word: Int, limit: Int)] = []

  /// Works out the words that a forest needs; nil if they are too many. A categorical feature
  /// whose table of answers would take more than `tableLimit` bytes has lists.
  init?(_ questions: RowQuestions, featureCount: Int, tableLimit: Int) {
    self.questions = questions
    kind = questions.memberships.isEmpty ? FK_RANKS : FK_ANSWERS
    // A node without a question asks for the first answer, which is no.
    wordCount = kind == FK_RANKS ? 0 : 1
    var thresholds = ThresholdTable()
    var starts = [UInt32](repeating: 0, count: featureCount)
    var counts = [Int](repeating: 0, count: featureCount)
    for column in questions.thresholds.columns {
      starts[column.feature] = thresholds.append(column.values)
      counts[column.feature] = column.values.count
    }
    sides = Array(repeating: -1, count: featureCount * RowQuestions.Side.count)
    for side in questions.sides {
      if counts[side.feature] == 0 {
        // Nothing but whether it is there was asked.
        starts[side.feature] = thresholds.append([.infinity])
        counts[side.feature] = 1
      }
      let count = counts[side.feature]
      let words = kind == FK_RANKS ? 1 : count / 32 + 1
      sides[side.index] = numbers.count
      numbers.append(
        fk_number(
          feature: UInt32(side.feature), thresholds: starts[side.feature], count: UInt32(count),
          missing: side.missingYes ? 0 : UInt32(count) + 1,
          zero_limit: side.zeroIsMissing ? Split.zeroLimit : -1,
          first_word: UInt32(wordCount), word_count: UInt32(words)))
      wordCount += words
    }
    self.thresholds = thresholds
    largest =
      kind == FK_RANKS
      ? max(wordCount, 1 + (counts.max() ?? 0)) : wordCount + questions.memberships.count
    guard addCategories(tableLimit) else { return nil }
    // A node without a question asks about the first word, too.
    wordCount = max(1, wordCount)
  }

  /// The answers of categories may take this many bytes.
  private static var answersLimit: Int { 1 << 26 }

  private mutating func addCategories(_ tableLimit: Int) -> Bool {
    memberships = Array(repeating: (0, 0), count: questions.memberships.count)
    let byFeature = Dictionary(grouping: questions.memberships.indices) {
      questions.memberships[$0].feature
    }
    for (feature, sets) in byFeature.sorted(by: { $0.key < $1.key }) {
      let asked = sets.map { questions.memberships[$0] }
      let truncates = asked[0].categories.truncatesNegative
      guard asked.allSatisfy({ $0.categories.truncatesNegative == truncates }) else { return false }
      let found = CategoryAnswers(asked)
      let hasLists = found.tableSize * 4 > tableLimit
      let size = hasLists ? found.listSize : found.tableSize
      guard (answers.count + size) * 4 <= Self.answersLimit else { return false }
      categories.append(
        fk_category(
          feature: UInt32(feature), first_word: UInt32(wordCount),
          word_count: UInt32(found.wordCount), answers: UInt32(answers.count),
          count: UInt32(found.count), lowest: truncates ? -1 : -.leastNonzeroMagnitude,
          has_lists: hasLists ? 1 : 0))
      answers += hasLists ? found.lists() : found.table()
      for (index, set) in sets.enumerated() {
        memberships[set] = (wordCount + index / 32, index % 32)
      }
      wordCount += found.wordCount
    }
    return true
  }

  /// The question of a split, which has a number among the forest's.
  func question(_ split: Split, number: Int32) -> (word: Int, limit: Int) {
    if case .member = split.condition { return memberships[Int(number)] }
    let side = numbers[sides[RowQuestions.Side(split).index]]
    var rank = Int(side.count)
    if case .below = split.condition { rank = Int(questions.thresholds.places[Int(number)].rank) }
    return kind == FK_RANKS
      ? (Int(side.first_word), rank + 1) : (Int(side.first_word) + rank / 32, rank % 32)
  }
}
