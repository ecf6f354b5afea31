import ForestKernels

/// How a row is rewritten so that every question becomes one comparison of integers.
///
/// A row becomes words; a question picks one and answers yes if it is below a limit.
///
/// - A number takes one word for each direction in which it can be missing, with zero or without: its
///   rank among the thresholds that the forest compares it with. A missing value ranks below or above
///   all of them.
/// - A category takes one bit for each different set that the feature is asked about, 0 if it is a
///   member. The limit is that bit alone, and all others of the word are masked away.
struct RowCode<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable> {
  let numbers: [fk_number]
  private(set) var categories: [fk_category] = []
  private(set) var bits: [Word] = []
  private(set) var thresholds = ThresholdTable()
  private(set) var wordCount: Int

  private let questions: RowQuestions
  /// By index of a side: its word.
  private var words: [Int]
  /// By number of a set: its word, and its bit.
  private var memberships: [(word: Int, bit: Word)] = []

  /// Works out the words that a forest needs; nil if they do not suffice.
  init?(_ questions: RowQuestions, featureCount: Int) {
    self.questions = questions
    var thresholds = ThresholdTable()
    var starts = [UInt32](repeating: 0, count: featureCount)
    var counts = [Int](repeating: 0, count: featureCount)
    for column in questions.thresholds.columns {
      starts[column.feature] = thresholds.append(column.values)
      counts[column.feature] = column.values.count
    }
    words = Array(repeating: -1, count: featureCount * RowQuestions.Side.count)
    var numbers: [fk_number] = []
    for side in questions.sides {
      if counts[side.feature] == 0 {
        // Nothing but whether it is there was asked.
        starts[side.feature] = thresholds.append([.infinity])
        counts[side.feature] = 1
      }
      words[side.index] = numbers.count
      numbers.append(
        fk_number(
          feature: UInt32(side.feature), thresholds: starts[side.feature],
          count: UInt32(counts[side.feature]), missing: side.missingYes ? 0 : .max,
          zero_limit: side.zeroIsMissing ? Split.zeroLimit : -1))
    }
    self.thresholds = thresholds
    self.numbers = numbers
    wordCount = numbers.count
    guard counts.allSatisfy({ $0 < Int(Word.max) }), addCategories() else { return nil }
    // A question of nothing reads word 0.
    wordCount = max(1, wordCount)
    guard wordCount <= Int(Word.max) else { return nil }
  }

  /// The categories' bits may take this many bytes.
  private static var bitsLimit: Int { 1 << 26 }

  private mutating func addCategories() -> Bool {
    memberships = Array(repeating: (0, 0), count: questions.memberships.count)
    let byFeature = Dictionary(grouping: questions.memberships.indices) {
      questions.memberships[$0].feature
    }
    for (feature, sets) in byFeature.sorted(by: { $0.key < $1.key }) {
      let codes = sets.map { questions.memberships[$0].categories.codes }
      let count = 1 + (codes.compactMap(\.last).max() ?? -1)
      let truncates = questions.memberships[sets[0]].categories.truncatesNegative
      let category = fk_category(
        feature: UInt32(feature), first_word: UInt32(wordCount),
        word_count: UInt32((sets.count + Word.bitWidth - 1) / Word.bitWidth),
        first_bits: UInt32(bits.count), count: UInt32(count),
        lowest: truncates ? -1 : -.leastNonzeroMagnitude)
      let stride = Int(category.word_count)
      let size = (count + 2) * stride
      guard (bits.count + size) * MemoryLayout<Word>.size <= Self.bitsLimit else { return false }
      let first = bits.count
      bits += repeatElement(.max, count: size)
      for (index, set) in sets.enumerated() {
        let membership = questions.memberships[set]
        guard membership.categories.truncatesNegative == truncates else { return false }
        let bit: Word = 1 << Word(index % Word.bitWidth)
        memberships[set] = (wordCount + index / Word.bitWidth, bit)
        for row in codes[index] + (membership.missingYes ? [count + 1] : []) {
          bits[first + row * stride + index / Word.bitWidth] &= ~bit
        }
      }
      categories.append(category)
      wordCount += stride
    }
    return true
  }

  /// The question of a split, which has a number among the forest's.
  func question(_ split: Split, number: Int32) -> (word: Word, limit: Word) {
    let word = words[RowQuestions.Side(split).index]
    switch split.condition {
    case .below:
      return (Word(word), Word(questions.thresholds.places[Int(number)].rank + 1))
    case .present:
      return (Word(word), Word(numbers[word].count + 1))
    case .member:
      let (word, bit) = memberships[Int(number)]
      return (Word(word), bit)
    }
  }
}
