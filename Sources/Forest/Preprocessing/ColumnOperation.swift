/// A step on one value, in float64.
///
/// Rounding to float32 after each step of arithmetic gives exactly what float32 arithmetic gives.
public enum ColumnOperation: Sendable, Equatable {
  /// Adds a number.
  case add(Double)
  /// Subtracts a number.
  case subtract(Double)
  /// Multiplies by a number.
  case multiply(Double)
  /// Divides by a number.
  case divide(Double)
  /// Moves what lies outside the bounds to the nearer one; a missing value stays missing.
  case clip(Double, Double)
  /// Puts the second number in the place of the first, which may be NaN: a missing value.
  case replace(Double, with: Double)
  /// 1 where the value is this number, which may be NaN, otherwise 0.
  case equals(Double)
  /// 1 where the value is above this number, otherwise 0, also for a missing value.
  case above(Double)
  /// 1 where the value is below this number, otherwise 0, also for a missing value.
  case below(Double)
  /// The number of the first bound that the value is below, from 0; that of the bounds where there
  /// is none, also for a missing value.
  case bin([Double])
  /// Looks the value up; what is not in the table becomes the default.
  case map(ColumnTable)
  /// Rounds to float32.
  case roundToFloat

  /// The value after this step.
  public func apply(to value: Double) -> Double {
    switch self {
    case .add(let number): value + number
    case .subtract(let number): value - number
    case .multiply(let number): value * number
    case .divide(let number): value / number
    case .clip(let low, let high): value < low ? low : value > high ? high : value
    case .replace(let number, let other): Self.isSame(value, number) ? other : value
    case .equals(let number): Self.isSame(value, number) ? 1 : 0
    case .above(let number): value > number ? 1 : 0
    case .below(let number): value < number ? 1 : 0
    case .bin(let bounds): Double(bounds.firstIndex { value < $0 } ?? bounds.count)
    case .map(let table): table[value]
    case .roundToFloat: Double(Float(value))
    }
  }

  private static func isSame(_ value: Double, _ number: Double) -> Bool {
    value == number || value.isNaN && number.isNaN
  }
}

/// Numbers by number.
public struct ColumnTable: Sendable, Equatable {
  private let entries: [Double: Double]
  private let missing: Double
  private let fallback: Double

  /// A table; the first of several entries with the same key counts.
  ///
  /// - Parameters:
  ///   - entries: pairs of numbers; the key may be NaN, for a missing value.
  ///   - fallback: for what has no entry, which may be NaN.
  public init(_ entries: [(key: Double, value: Double)], default fallback: Double) {
    self.entries = Dictionary(
      entries.filter { !$0.key.isNaN }.map { ($0.key, $0.value) },
      uniquingKeysWith: { first, _ in first })
    missing = entries.first { $0.key.isNaN }?.value ?? fallback
    self.fallback = fallback
  }

  /// The number for a key.
  public subscript(key: Double) -> Double {
    key.isNaN ? missing : entries[key] ?? fallback
  }
}
