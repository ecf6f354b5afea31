/// A question about one feature of a row, and where each answer leads.
///
/// A position that 32 bits cannot hold becomes the nearest that they can, which lies outside every
/// tree and so fails the check of ``Forest`` as the original would.
public struct Split: Sendable, Equatable {
  // A forest holds many: half the memory of Int.
  private let storedFeature, storedYes, storedNo, storedMissing: Int32
  /// The question.
  public let condition: Condition
  /// Whether zero, and what LightGBM takes for it (``zeroLimit``), counts as missing.
  public let zeroIsMissing: Bool

  /// The largest magnitude that counts as zero where ``zeroIsMissing``: LightGBM's
  /// `kZeroThreshold`.
  public static let zeroLimit: Float = 1e-35

  /// The column that is asked about.
  public var feature: Int { Int(storedFeature) }
  /// The child for rows that meet the condition.
  public var yes: Int { Int(storedYes) }
  /// The child for rows that do not.
  public var no: Int { Int(storedNo) }
  /// The child for rows whose value is missing: `yes` or `no`.
  public var missing: Int { Int(storedMissing) }

  /// Describes a split; ``Forest`` checks it.
  public init(
    feature: Int, condition: Condition, yes: Int, no: Int, missing: Int,
    zeroIsMissing: Bool = false
  ) {
    storedFeature = Int32(clamping: feature)
    self.condition = condition
    self.zeroIsMissing = zeroIsMissing
    storedYes = Int32(clamping: yes)
    storedNo = Int32(clamping: no)
    storedMissing = Int32(clamping: missing)
  }

  /// The child that a value leads to.
  public func child(for value: Float) -> Int {
    if value.isNaN || zeroIsMissing && value.magnitude <= Self.zeroLimit { return missing }
    return condition.holds(for: value) ? yes : no
  }
}

/// What a ``Split`` asks of a value that is not missing.
public enum Condition: Sendable, Equatable {
  /// Whether it is less than the threshold.
  case below(Float)
  /// Whether it is the code of one of these categories.
  case member(CategorySet)
  /// Nothing: every value meets it, so that only missing values take the other way.
  case present

  /// Whether a float32 value is at most a float64 threshold, as LightGBM and scikit-learn ask:
  /// the `below` with the same answer for every float32 value.
  ///
  /// - Precondition: the threshold is not NaN.
  public static func atMost(_ threshold: Double) -> Condition {
    precondition(!threshold.isNaN, "the threshold is not a number")
    if threshold == .infinity { return .present }
    // The first float32 above the threshold; infinity when there is no finite one.
    let nearest = Float(threshold)
    return .below(Double(nearest) > threshold ? nearest : nearest.nextUp)
  }

  /// The answer for a value that is not NaN.
  public func holds(for value: Float) -> Bool {
    switch self {
    case .below(let threshold): value < threshold
    case .member(let categories): categories.contains(value)
    case .present: true
    }
  }
}
