/// The rows of a table, divided at random into those to train on, to validate on and to test on.
public struct DataSplit: Sendable, Equatable {
  /// How large the three parts are to be.
  public struct Fractions: Sendable, Equatable {
    /// The fractions for training, validation and test; they add up to 1.
    public let values: [Double]

    /// Takes fractions of the whole, of which the first must not be 0; nil when they are not.
    public init?(training: Double, validation: Double, test: Double) {
      values = [training, validation, test]
      guard training > 0, values.allSatisfy({ $0 >= 0 }),
        abs(training + validation + test - 1) < 1e-6
      else { return nil }
    }
  }

  /// The rows to train on, ascending.
  public let training: [Int]
  /// The rows that are looked at after every round, ascending.
  public let validation: [Int]
  /// The rows that are looked at once, at the end, ascending.
  public let test: [Int]

  /// Divides rows.
  ///
  /// Each class is spread over the parts in the same proportions, and its first row goes to the
  /// training. A part that is wanted gets a row even where its fraction is less than one row,
  /// as long as there are rows to share out.
  ///
  /// - Parameters:
  ///   - classes: the class of each row; all the same where there are no classes.
  ///   - fractions: how large the parts are to be.
  ///   - seed: the same seed gives the same parts on every platform.
  public init(classes: [Int], fractions: Fractions, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var order = Array(classes.indices)
    generator.shuffle(&order)
    // Equal classes come together, still in the order of the shuffle.
    order = order.enumerated()
      .sorted { (classes[$0.element], $0.offset) < (classes[$1.element], $1.offset) }
      .map(\.element)

    // Each row goes to the part that lags furthest behind its fraction of the rows so far.
    var parts: [[Int]] = [[], [], []]
    var pinned: Set<Int> = []
    for (position, row) in order.enumerated() {
      let isFirst = position == 0 || classes[order[position - 1]] != classes[row]
      if isFirst { pinned.insert(row) }
      let deficits = fractions.values.enumerated().map { part, fraction in
        fraction * Double(position + 1) - Double(parts[part].count)
      }
      let part = isFirst ? 0 : deficits.indices.max { deficits[$0] < deficits[$1] - 1e-9 } ?? 0
      parts[part].append(row)
    }
    for part in [2, 1] where parts[part].isEmpty && fractions.values[part] > 0 {
      let donor = parts[0].count >= parts[3 - part].count ? 0 : 3 - part
      guard parts[donor].count > 1,
        let index = parts[donor].lastIndex(where: { !pinned.contains($0) })
      else { continue }
      parts[part].append(parts[donor].remove(at: index))
    }
    training = parts[0].sorted()
    validation = parts[1].sorted()
    test = parts[2].sorted()
  }
}
