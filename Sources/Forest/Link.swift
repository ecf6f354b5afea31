#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How the margins of a row (the sums of its leaves) become predictions.
///
/// Each case but the last two does float32 arithmetic in the order of XGBoost's own code, with the C
/// library's `expf` and `log1pf`, so that the results are equal to the last bit
/// (XGBoost `src/common/math.h` and `src/objective/*.cu`).
public enum Link: Sendable, Equatable {
  /// The margin itself.
  case identity
  /// `1 / (1 + exp(-margin))`: the probability of class 1.
  case logistic
  /// 1 where the margin is above 0, otherwise 0.
  case hinge
  /// `exp(margin)`.
  case exponential
  /// `exp(margin)` of each output over their sum: a probability a class.
  case softmax
  /// The margins of a row in ascending order: quantiles of several levels.
  case ascending
  /// The first margin, then each time `log(1 + exp(margin)) + 1e-6` more: expectiles of several
  /// levels, which so never cross.
  case increments
  /// Float64 arithmetic, as LightGBM and scikit-learn do it.
  case float64(Float64Link)
  /// Steps in float32, one after another, as onnxruntime takes them.
  case steps([Float32Step])

  /// Whether the predictions are probabilities.
  public var givesProbabilities: Bool {
    switch self {
    case .logistic, .softmax: true
    case .float64(let link): link.givesProbabilities
    case .steps(let steps): steps.last?.givesProbabilities ?? false
    case .identity, .hinge, .exponential, .ascending, .increments: false
    }
  }

  /// Turns the margins of rows into predictions, in place.
  ///
  /// - Parameters:
  ///   - margins: row-major, a whole number of rows of `outputCount` values.
  ///   - outputCount: the number of margins in a row.
  public func apply(to margins: inout [Float], outputCount: Int) {
    switch self {
    case .identity:
      break
    case .logistic:
      for index in margins.indices { margins[index] = Self.sigmoid(margins[index]) }
    case .hinge:
      for index in margins.indices { margins[index] = margins[index] > 0 ? 1 : 0 }
    case .exponential:
      for index in margins.indices { margins[index] = expf(margins[index]) }
    case .softmax:
      for start in stride(from: 0, to: margins.count, by: outputCount) {
        Self.softmax(&margins, from: start, to: start + outputCount)
      }
    case .ascending:
      for start in stride(from: 0, to: margins.count, by: outputCount) {
        margins[start..<start + outputCount].sort()
      }
    case .increments:
      for index in margins.indices where index % outputCount > 0 {
        margins[index] = margins[index - 1] + (Self.softplus(margins[index]) + 1e-6)
      }
    case .float64(let link):
      link.apply(to: &margins, outputCount: outputCount)
    case .steps(let steps):
      for step in steps { step.apply(to: &margins, outputCount: outputCount) }
    }
  }

  private static func softplus(_ margin: Float) -> Float {
    max(margin, 0) + log1pf(expf(-margin.magnitude))
  }

  private static func sigmoid(_ margin: Float) -> Float {
    // The bound keeps exp finite; the last term, lost in float32, is XGBoost's guard against 1/0.
    1 / (expf(min(-margin, 88.7)) + 1 + 1e-16)
  }

  private static func softmax(_ values: inout [Float], from start: Int, to end: Int) {
    var largest = values[start]
    for index in start..<end { largest = max(largest, values[index]) }
    var sum = 0.0
    for index in start..<end {
      values[index] = expf(values[index] - largest)
      sum += Double(values[index])
    }
    for index in start..<end { values[index] /= Float(sum) }
  }
}
