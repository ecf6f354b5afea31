#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A step from margins to predictions in float32, as onnxruntime takes it
/// (onnxruntime `core/providers/cpu/ml/ml_common.h`).
public enum Float32Step: Sendable, Equatable {
  /// Adds a number to each output: one for all, or one an output.
  case add([Float])
  /// Multiplies each output.
  case multiply([Float])
  /// Divides each output.
  case divide([Float])
  /// A number divided by each output.
  case reciprocal(Float)
  /// 1 where an output is above a number, otherwise 0.
  case above(Float)
  /// `exp(x)`
  case exponential
  /// `sqrt(x)`
  case squareRoot
  /// `1 / (1 + exp(-x))`
  case logistic
  /// `exp(x)` of each output over their sum.
  case softmax
  /// The same for outputs that are not nearly 0; the others are multiplied by `exp(-max)` instead.
  case softmaxZero
  /// The value at which a standard normal distribution reaches this share, nearly.
  case probit
  /// Each output over the sum of the magnitudes of all.
  case shares

  /// Whether what comes out are probabilities, or certainties, whatever goes in.
  public var givesProbabilities: Bool {
    switch self {
    case .logistic, .softmax, .softmaxZero, .shares, .above: true
    case .add, .multiply, .divide, .reciprocal, .exponential, .squareRoot, .probit: false
    }
  }

  /// Takes the step for rows of outputs, in place.
  func apply(to values: inout [Float], outputCount: Int) {
    switch self {
    case .add(let numbers): combine(&values, outputCount, numbers, +)
    case .multiply(let numbers): combine(&values, outputCount, numbers, *)
    case .divide(let numbers): combine(&values, outputCount, numbers, /)
    case .reciprocal(let number): map(&values) { number / $0 }
    case .above(let number): map(&values) { $0 > number ? 1 : 0 }
    case .exponential: map(&values) { expf($0) }
    case .squareRoot: map(&values) { $0.squareRoot() }
    case .logistic: map(&values, Self.logistic)
    case .probit: map(&values, Self.probit)
    case .softmax: Self.softmax(&values, outputCount) { _ in false }
    case .softmaxZero: Self.softmax(&values, outputCount) { $0.magnitude <= 0.0000001 }
    case .shares:
      for start in stride(from: 0, to: values.count, by: outputCount) {
        let row = start..<start + outputCount
        let sum = values[row].reduce(0) { $0 + $1.magnitude }
        if sum != 0 { for index in row { values[index] /= sum } }
      }
    }
  }

  private func map(_ values: inout [Float], _ transform: (Float) -> Float) {
    for index in values.indices { values[index] = transform(values[index]) }
  }

  private func combine(
    _ values: inout [Float], _ outputCount: Int, _ numbers: [Float],
    _ operation: (Float, Float) -> Float
  ) {
    for index in values.indices {
      let number = numbers.count == 1 ? numbers[0] : numbers[index % outputCount]
      values[index] = operation(values[index], number)
    }
  }

  private static func logistic(_ value: Float) -> Float {
    let share = 1 / (1 + expf(-value.magnitude))
    return value < 0 ? 1 - share : share
  }

  private static func probit(_ share: Float) -> Float {
    // Winitzki's approximation of the inverse error function.
    let x = 2 * share - 1
    let logarithm = logf((1 - x) * (1 + x))
    let v = 2 / (Float.pi * 0.147) + 0.5 * logarithm
    let root = (-v + (v * v - 1 / 0.147 * logarithm).squareRoot()).squareRoot()
    return Float(2).squareRoot() * ((x < 0 ? -1 : 1) * root)
  }

  private static func softmax(
    _ values: inout [Float], _ outputCount: Int, isZero: (Float) -> Bool
  ) {
    for start in stride(from: 0, to: values.count, by: outputCount) {
      let row = start..<start + outputCount
      var largest = -Float.greatestFiniteMagnitude
      for index in row where values[index] > largest { largest = values[index] }
      var sum: Float = 0
      for index in row {
        if isZero(values[index]) {
          values[index] *= expf(-largest)
        } else {
          values[index] = expf(values[index] - largest)
          sum += values[index]
        }
      }
      for index in row { values[index] /= sum }
    }
  }
}
