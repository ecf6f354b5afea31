import Forest

/// A numeric or categorical decision of a LightGBM tree, and the ``Split`` that decides alike.
struct LightGBMSplit {
  /// What counts as missing.
  enum Missing: Int {
    /// Nothing: NaN counts as 0.
    case none
    /// Zero, which NaN counts as.
    case zero
    /// NaN.
    case nan
  }

  var feature: Int
  var left: Int
  var right: Int

  /// Values up to the threshold go left.
  ///
  /// LightGBM replaces values of at most ``Split/zeroLimit`` by 0 before it compares: a threshold
  /// among them moves to the side where it parts no two of them.
  ///
  /// - Precondition: the threshold is not NaN.
  func numeric(threshold: Double, missing: Missing, defaultsLeft: Bool) -> Split {
    let limit = Double(Split.zeroLimit)
    let zeroGoesLeft = threshold >= 0
    let condition: Condition =
      if (-limit..<limit).contains(threshold) {
        zeroGoesLeft ? .atMost(limit) : .below(-Split.zeroLimit)
      } else {
        .atMost(threshold)
      }
    let missingGoesLeft = missing == .none ? zeroGoesLeft : defaultsLeft
    return Split(
      feature: feature, condition: condition, yes: left, no: right,
      missing: missingGoesLeft ? left : right,
      // Where zeros go that way in any case, the split need not care.
      zeroIsMissing: missing == .zero && zeroGoesLeft != defaultsLeft)
  }

  /// Members go left; missing values are none, whatever the kind of missing.
  func categorical(_ categories: CategorySet) -> Split {
    Split(
      feature: feature, condition: .member(categories), yes: left, no: right, missing: right)
  }
}
