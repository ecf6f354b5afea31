/// What the splits of a random forest say of its leaves: until 2.2.2 the value of a split is the mean of
/// the leaves below it, which are predictions; since 2.2.3 the leaves are margins, and have a bias that
/// the values of splits lack.
struct LightGBMLeafMeans {
  private var splitCount = 0
  private var allAgree = true
  private var isOutside = false

  /// Whether the leaves are predictions; nil where the splits do not tell.
  var areMeans: Bool? {
    if isOutside { return false }
    return allAgree && splitCount > 0 ? true : nil
  }

  /// Compares the splits of a tree with the leaves below; the root's value is always 0.
  ///
  /// - Precondition: the children lie within the tree.
  mutating func add(
    values: [Double], left: [Int32], right: [Int32], leaves: [Double], counts: [Int64]
  ) {
    guard values.count == left.count, counts.count == leaves.count else { return }
    var below = [Below?](repeating: nil, count: values.count)
    // LightGBM numbers the splits in the order in which it makes them, parents first.
    for split in values.indices.reversed() {
      func part(_ child: Int32) -> Below? {
        if child >= 0 { return Int(child) > split ? below[Int(child)] : nil }
        return Below(leaf: leaves[Int(~child)], count: Double(counts[Int(~child)]))
      }
      guard let first = part(left[split]), let second = part(right[split]) else { return }
      let joined = first.joined(with: second)
      below[split] = joined
      guard split > 0 else { continue }
      let value = values[split]
      // Six digits are written of what splits say.
      let tolerance = 1e-4 * max(1, value.magnitude)
      splitCount += 1
      if !((joined.sum / joined.count - value).magnitude <= tolerance) { allAgree = false }
      if value < joined.least - tolerance || value > joined.largest + tolerance {
        isOutside = true
      }
    }
  }

  /// The leaves below a split.
  private struct Below {
    var least: Double
    var largest: Double
    var sum: Double
    var count: Double

    init(leaf: Double, count: Double) {
      (least, largest, sum, self.count) = (leaf, leaf, leaf * count, count)
    }

    func joined(with other: Below) -> Below {
      var joined = self
      joined.least = min(least, other.least)
      joined.largest = max(largest, other.largest)
      joined.sum += other.sum
      joined.count += other.count
      return joined
    }
  }
}
