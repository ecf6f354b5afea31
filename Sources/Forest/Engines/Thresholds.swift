/// The different thresholds that a forest compares each feature with.
///
/// What matters of a value is only its rank among them: the answer to every question about the feature
/// follows from it.
struct Thresholds {
  struct Column {
    let feature: Int
    /// Ascending, each once.
    fileprivate(set) var values: [Float] = []
    /// Whether there are questions that a missing value answers with no, and with yes.
    fileprivate(set) var missingNo = false
    fileprivate(set) var missingYes = false
  }

  /// The features that are asked about, in ascending order.
  let columns: [Column]
  /// By the number that ``ThresholdNumbers`` gave to a feature and threshold: the column, and the rank
  /// among its values.
  let places: [(column: Int32, rank: Int32)]

  init(_ numbers: ThresholdNumbers, featureCount: Int) {
    var columns = (0..<featureCount).map { Column(feature: $0) }
    for key in numbers.keys { columns[key.feature].values.append(key.threshold) }
    for feature in columns.indices {
      columns[feature].missingNo = numbers.missingNo[feature]
      columns[feature].missingYes = numbers.missingYes[feature]
      columns[feature].values.sort()
    }
    var columnOfFeature = [Int32](repeating: -1, count: featureCount)
    columns.removeAll { $0.values.isEmpty }
    for (index, column) in columns.enumerated() { columnOfFeature[column.feature] = Int32(index) }
    places = numbers.keys.map { key in
      let column = columnOfFeature[key.feature]
      return (column, Int32(columns[Int(column)].rank(of: key.threshold)))
    }
    self.columns = columns
  }
}

extension Thresholds.Column {
  fileprivate func rank(of threshold: Float) -> Int {
    var low = 0
    var high = values.count
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < threshold { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Numbers pairs of feature and threshold in the order in which they first appear. A hash table of its
/// own, because a model has hundreds of thousands of nodes and should load in milliseconds.
struct ThresholdNumbers {
  private(set) var keys: [(feature: Int, threshold: Float)] = []
  /// By feature: whether a missing value answers some question about it with no, and with yes.
  private(set) var missingNo, missingYes: [Bool]
  private var slots: [(key: UInt64, number: Int32)] = Array(repeating: (0, -1), count: 1024)

  init(featureCount: Int) {
    missingNo = Array(repeating: false, count: featureCount)
    missingYes = missingNo
  }

  /// The number of a split's feature and threshold.
  mutating func number(feature: Int, threshold: Float, missingYes: Bool) -> Int32 {
    if missingYes {
      if !self.missingYes[feature] { self.missingYes[feature] = true }
    } else if !missingNo[feature] {
      missingNo[feature] = true
    }
    // Both zeros are one threshold.
    let key = UInt64(feature) << 32 | UInt64((threshold == 0 ? 0 : threshold).bitPattern)
    if keys.count * 2 >= slots.count { grow() }
    let slot = find(key)
    let number = slots[slot].number
    if number >= 0 { return number }
    keys.append((feature, threshold))
    slots[slot] = (key, Int32(keys.count - 1))
    return Int32(keys.count - 1)
  }

  private func find(_ key: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
    while true {
      let found = slots[slot]
      if found.number < 0 || found.key == key { return slot }
      slot = (slot + 1) & mask
    }
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: (0, -1), count: old.count * 4)
    for entry in old where entry.number >= 0 { slots[find(entry.key)] = entry }
  }
}
