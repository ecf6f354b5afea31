#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A ``Link`` in float64 arithmetic; margins and predictions are rounded to float32.
///
/// The formulas are those of LightGBM's `ObjectiveFunction::ConvertOutput`
/// (LightGBM `src/objective/*.hpp`, `include/LightGBM/utils/common.h`).
public enum Float64Link: Sendable, Equatable {
  /// The margin itself, which is a probability already: forests whose leaves hold shares.
  case probability
  /// 1 where the margin, a share, is above a half, otherwise 0: classifiers of several outputs.
  case majority
  /// `1 / (1 + exp(-scale * margin))`, of each output.
  case logistic(scale: Double)
  /// `exp(margin)`.
  case exponential
  /// `exp(margin)` of each output over their sum: a probability a class.
  case softmax
  /// The same of `scale * margin`.
  case scaledSoftmax(scale: Double)
  /// `log(1 + exp(margin))`.
  case softplus
  /// The square of the margin with the margin's sign.
  case signedSquare
  /// `-2^(-margin / length) - offset`, as scikit-learn's `IsolationForest` scores a mean path length.
  case isolation(length: Double, offset: Double)

  /// Whether the predictions are probabilities.
  public var givesProbabilities: Bool {
    switch self {
    case .probability, .logistic, .softmax, .scaledSoftmax: true
    case .majority, .exponential, .softplus, .signedSquare, .isolation: false
    }
  }

  /// Turns the margins of rows into predictions, in place, as ``Link/apply(to:outputCount:)`` does.
  func apply(to margins: inout [Float], outputCount: Int) {
    switch self {
    case .probability: break
    case .majority: Self.map(&margins) { $0 > 0.5 ? 1 : 0 }
    case .logistic(let scale): Self.map(&margins) { 1 / (1 + exp(-scale * $0)) }
    case .exponential: Self.map(&margins) { exp($0) }
    case .softplus: Self.map(&margins) { log1p(exp($0)) }
    case .signedSquare: Self.map(&margins) { $0 * $0.magnitude }
    case .isolation(let length, let offset): Self.map(&margins) { -exp2(-$0 / length) - offset }
    case .softmax: Self.softmax(&margins, outputCount, scale: 1)
    case .scaledSoftmax(let scale): Self.softmax(&margins, outputCount, scale: scale)
    }
  }

  private static func softmax(_ margins: inout [Float], _ outputCount: Int, scale: Double) {
    for start in stride(from: 0, to: margins.count, by: outputCount) {
      let row = start..<start + outputCount
      let largest = margins[row].reduce(-.infinity, max)
      let powers = margins[row].map { exp(scale * (Double($0) - Double(largest))) }
      let sum = powers.reduce(0, +)
      for (index, power) in zip(row, powers) { margins[index] = Float(power / sum) }
    }
  }

  private static func map(_ values: inout [Float], _ transform: (Double) -> Double) {
    for index in values.indices { values[index] = Float(transform(Double(values[index]))) }
  }
}
