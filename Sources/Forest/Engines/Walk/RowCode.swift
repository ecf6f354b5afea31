/// How a row is rewritten so that every question becomes one comparison of integers.
///
/// A row becomes words of 32 bits; a question picks a word, shifts it left and answers yes if it is
/// below the question's key.
///
/// - Word 0 is below every key but the lowest integer: a question that is always answered yes.
/// - A number takes one word for each direction in which it can be missing, with zero or without:
///   float32 values as integers in the same order, a missing value below or above all of them.
/// - A category takes one bit for each different set that the feature is asked about; the shift moves
///   the bit to the sign, and the key is 0.
struct RowCode {
  struct Question {
    var word: Int
    var shift = 0
    var key: Int32
  }

  private struct Number: BitwiseCopyable {
    let feature: Int
    let missing: Int32
    /// Values whose magnitude is not above this are missing: none but NaN if it is negative.
    let limit: Float

    init(_ side: RowQuestions.Side) {
      feature = side.feature
      missing = side.missingYes ? .min : .max
      limit = side.zeroIsMissing ? Split.zeroLimit : -1
    }
  }

  private struct Category: BitwiseCopyable {
    let feature: Int
    let firstWord: Int
    let wordCount: Int
    /// Where the words of category 0 start; those of 1, 2, … follow, then those of a category in no
    /// set, then those of a missing value.
    let firstBits: Int
    /// The number of categories that are in a set.
    let categoryCount: Int
    /// Values above this and below the count are categories.
    let lowest: Float
  }

  /// The word that is below every key but the lowest integer.
  static let lowest = 0

  let wordCount: Int
  private let numbers: Table<Number>
  private let categories: Table<Category>
  private let bits: Table<Int32>
  private let questions: RowQuestions

  /// More words than this of category bits are refused: 64 MiB.
  private static let bitsLimit = 1 << 24

  /// Whether any question is about a category.
  var hasCategories: Bool { categories.count > 0 }

  /// Works out the words that a forest needs.
  ///
  /// - Throws: ``UnsuitableForest`` if the sets of categories are too many and too large.
  init(_ forest: Forest) throws(UnsuitableForest) {
    questions = RowQuestions(forest)
    numbers = Table(questions.sides.map(Number.init))
    var word = 1 + numbers.count
    var categories: [Category] = []
    var bits: [Int32] = []
    for (feature, sets) in questions.sets {
      let count = 1 + (sets.keys.compactMap(\.categories.codes.last).max() ?? -1)
      let truncates = Set(sets.keys.map(\.categories.truncatesNegative))
      guard truncates.count <= 1 else {
        throw UnsuitableForest("it takes sets of a feature that agree on negative fractions")
      }
      let category = Category(
        feature: feature, firstWord: word, wordCount: (sets.count + 31) / 32, firstBits: bits.count,
        categoryCount: count,
        lowest: truncates.contains(true) ? -1 : -.leastNonzeroMagnitude)
      guard bits.count + (count + 2) * category.wordCount <= Self.bitsLimit else {
        throw UnsuitableForest("it takes fewer and smaller sets of categories")
      }
      bits += Array(repeating: 0, count: (count + 2) * category.wordCount)
      for (set, index) in sets {
        let bit = Int32(bitPattern: 1 << UInt32(31 - index % 32))
        let rows = set.categories.codes + (set.missingYes ? [count + 1] : [])
        for row in rows {
          bits[category.firstBits + row * category.wordCount + index / 32] |= bit
        }
      }
      categories.append(category)
      word += category.wordCount
    }
    self.categories = Table(categories)
    self.bits = Table(bits)
    wordCount = word
  }

  /// The question of a split.
  func question(_ split: Split) -> Question {
    let missingYes = split.missing == split.yes
    let side = RowQuestions.Side(split)
    switch split.condition {
    case .below(let threshold):
      return Question(word: 1 + questions.word(side), key: Self.key(threshold))
    case .present:
      return Question(word: 1 + questions.word(side), key: .max)
    case .member(let set):
      let (position, index) = questions.position(
        of: RowQuestions.Membership(categories: set, missingYes: missingYes), split.feature)
      return Question(
        word: categories.pointer[position].firstWord + index / 32, shift: index % 32, key: 0)
    }
  }

  /// The integer that stands where a threshold does among the values.
  private static func key(_ threshold: Float) -> Int32 {
    // Both zeros are one number: no value is between them, and the lower is not below the threshold.
    threshold == 0 ? order(-0.0) : order(threshold)
  }

  /// Orders integers as the values that they stand for, -0 before +0.
  @inline(__always)
  private static func order(_ value: Float) -> Int32 {
    let bits = Int32(bitPattern: value.bitPattern)
    return bits ^ Int32(bitPattern: UInt32(bitPattern: bits >> 31) >> 1)
  }

  /// Writes a row's words, `stride` apart.
  ///
  /// - Precondition: the row has all features, and there is room for all words.
  @inline(__always)
  func encode(_ row: UnsafePointer<Float>, into words: UnsafeMutablePointer<Int32>, stride: Int) {
    // Safe: features, words and bits were numbered by init.
    words[Self.lowest * stride] = .min
    for index in 0..<numbers.count {
      let number = numbers.pointer[index]
      let value = row[number.feature]
      words[(1 + index) * stride] =
        value.magnitude > number.limit ? Self.order(value) : number.missing
    }
    for index in 0..<categories.count {
      let category = categories.pointer[index]
      let value = row[category.feature]
      let code: Int
      if value.isNaN {
        code = category.categoryCount + 1
      } else {
        code =
          value > category.lowest && value < Float(category.categoryCount)
          ? Int(value) : category.categoryCount
      }
      let source = bits.pointer + category.firstBits + code * category.wordCount
      for word in 0..<category.wordCount {
        words[(category.firstWord + word) * stride] = source[word]
      }
    }
  }
}
