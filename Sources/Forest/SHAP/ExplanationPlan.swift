/// What can be computed of trees before a row is known, laid out for ``ExplanationKernel``.
///
/// A tree becomes one pass or more, each with up to four points of the integral (see
/// ``TreeExplainer``).
struct ExplanationPlan: Sendable {
  var passes: [Pass] = []
  var inner: [InnerNode] = []
  var bottom: [BottomNode] = []
  /// The sets of categories that questions point into, as bits.
  var categories = CategoryTable()

  /// One tree, one output, up to four points.
  ///
  /// The nodes of a tree are numbered level by level, first all inner ones, then all bottom ones.
  struct Pass: Sendable {
    var output: Int
    var firstInner: Int
    var innerCount: Int
    var firstBottom: Int
    var bottomCount: Int
    var pointCount: Int
    /// The weights of the points.
    var weights: SIMD4<Float>

    var nodeCount: Int { innerCount + bottomCount }
  }

  /// What a node asks, and of which answer above it it depends.
  struct Question: Sendable {
    var feature: Int32
    /// The threshold, or the bits of a position in the category table.
    var threshold: Float
    /// One more than the nearest node above that asks for the same feature; 0 if there is none.
    var link: Int32
    /// The answer of that node that leads here: 0 or -1 for yes, as masks are.
    var needed: Int8
    /// The answer for a missing value, likewise.
    var missing: Int8
    var isCategorical: Bool
  }

  /// A split above other splits.
  struct InnerNode: Sendable {
    var question: Question
    /// The share of the child for yes.
    var share: Float
    /// The children, by number.
    var yes: Int32
    var no: Int32
    /// Twice the number of the parent, one more for its child for yes; negative for the root.
    var parent: Int32
    /// `t / (t + (1 - t) * before)` at the points, where `before` is the share that the nodes above
    /// that ask for the same feature leave.
    var slope: SIMD4<Float>
    /// `slope * (1 - slope) / (t * (1 - t))` at the points.
    var change: SIMD4<Float>
  }

  /// A split above two leaves; also a leaf next to a split, as one with two equal leaves.
  struct BottomNode: Sendable {
    var question: Question
    var share: Float
    /// The leaves.
    var yes: Float
    var no: Float
    var parent: Int32
    var slope: SIMD4<Float>
    var change: SIMD4<Float>
  }

  /// The memory of the nodes.
  var byteCount: Int {
    inner.count * MemoryLayout<InnerNode>.stride + bottom.count * MemoryLayout<BottomNode>.stride
  }

  /// The most nodes that a pass has.
  var largestNodeCount: Int { passes.map(\.nodeCount).max() ?? 0 }
}

/// Sets of category codes, one after another, and other questions that are no comparison.
struct CategoryTable: Sendable {
  private var words: [UInt64] = []
  private var sets: [(start: Int, wordCount: Int)] = []
  /// Splits with LightGBM's rules for zero and for fractions; few models have any.
  private var others: [Split] = []

  /// Adds a set, or all values there are, and tells its position.
  mutating func add(_ set: CategorySet?) -> Int {
    let start = words.count
    if let set {
      for code in set.codes {
        while words.count <= start + code / 64 { words.append(0) }
        words[start + code / 64] |= 1 << UInt64(code % 64)
      }
    }
    sets.append((start, set == nil ? -1 : words.count - start))
    return sets.count - 1
  }

  /// Adds a question that is asked as it is, and tells its position.
  mutating func add(_ split: Split) -> Int {
    others.append(split)
    sets.append((others.count - 1, -2))
    return sets.count - 1
  }

  /// Which values are in a set: -1, and 0 for those that are not.
  func contains(_ values: SIMD4<Float>, set: Int) -> SIMD4<Int32> {
    var answers = SIMD4<Int32>.zero
    for lane in 0..<4 { answers[lane] = contains(values[lane], set: set) ? -1 : 0 }
    return answers
  }

  /// Whether a value is in a set; as ``CategorySet/contains(_:)``. A missing one is in none.
  private func contains(_ value: Float, set: Int) -> Bool {
    let (start, wordCount) = sets[set]
    if wordCount == -2 { return others[start].child(for: value) == others[start].yes }
    if wordCount < 0 { return !value.isNaN }
    guard value >= 0, value < Float(CategorySet.limit) else { return false }
    let code = Int(value)
    return code / 64 < wordCount && words[start + code / 64] >> UInt64(code % 64) & 1 == 1
  }
}
