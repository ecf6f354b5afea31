#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Combination {
  /// The margins that the members' readings make, each row-major.
  func margins(readings: [[Float]], rowCount: Int) -> [Float] {
    switch rule {
    case .sum, .mean: break
    case .median(let weights):
      return (0..<rowCount).map {
        median(of: values(readings, row: $0, rowCount: rowCount), weights)
      }
    case .least, .largest:
      return (0..<rowCount).map { row in
        let values = values(readings, row: row, rowCount: rowCount)
        let value = (rule == .least ? values.min() : values.max()) ?? .nan
        return Float(Double(value) + baseMargins[0])
      }
    case .classes(let labels):
      return (0..<rowCount).flatMap { row in
        classes(of: values(readings, row: row, rowCount: rowCount), labels)
      }
    }
    let scale = rule == .mean ? members.reduce(0) { $0 + $1.weight } : 1
    var sums = [Double](repeating: 0, count: rowCount * outputCount)
    for (member, values) in zip(members, readings) {
      for index in sums.indices { sums[index] += member.weight * Double(values[index]) }
    }
    return sums.enumerated().map { index, sum in
      Float(sum / scale + baseMargins[index % outputCount])
    }
  }

  /// All values of all members for a row.
  private func values(_ readings: [[Float]], row: Int, rowCount: Int) -> [Float] {
    readings.flatMap { values in
      let width = values.count / rowCount
      return values[row * width..<(row + 1) * width]
    }
  }

  private func classes(of values: [Float], _ labels: [[Float]]) -> [Float] {
    var first = 0
    return labels.map { labels in
      defer { first += labels.count }
      let best = labels.indices.reduce(0) { values[first + $1] > values[first + $0] ? $1 : $0 }
      return labels[best]
    }
  }

  private func median(of values: [Float], _ weights: [Double]) -> Float {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    let half = weights.reduce(0, +) / 2
    var sum = 0.0
    for index in order {
      sum += weights[index]
      if sum >= half { return values[index] }
    }
    return values[order[order.count - 1]]
  }
}

extension Combination.Member {
  /// What counts of margins of the member.
  func read(_ margins: [Float]) -> [Float] {
    guard reading != .margins else { return margins }
    let objective = ensemble.objective
    var values = margins
    objective.link.apply(to: &values, outputCount: ensemble.outputCount)
    switch reading {
    case .margins, .predictions: break
    case .votes:
      let classes = objective.classes(of: values, outputCount: ensemble.outputCount)
      guard objective.task == .multiclass else { return classes.map { Float($0) } }
      for index in values.indices {
        let (row, output) = index.quotientAndRemainder(dividingBy: ensemble.outputCount)
        values[index] = classes[row] == output ? 1 : 0
      }
    case .logarithms(let bound, let isCentered):
      for start in stride(from: 0, to: values.count, by: ensemble.outputCount) {
        let row = start..<start + ensemble.outputCount
        let margins = ProbabilityMargins.margins(
          of: values[row].map { Double($0) }, bound: bound, isCentered: isCentered)
        for (index, margin) in zip(row, margins) { values[index] = Float(margin) }
      }
    }
    return values
  }
}

/// Takes the link of a classifier back.
public enum ProbabilityMargins {
  /// The logit of one probability, or the logarithm of each of several, less their mean where they
  /// are centered; the probabilities are first kept `bound` away from 0 and 1.
  public static func margins(
    of probabilities: [Double], bound: Double, isCentered: Bool
  ) -> [Double] {
    let shares = probabilities.map { min(max($0, bound), 1 - bound) }
    guard shares.count > 1 else { return shares.map { log($0 / (1 - $0)) } }
    let logarithms = shares.map { log($0) }
    let mean = isCentered ? logarithms.reduce(0, +) / Double(logarithms.count) : 0
    return logarithms.map { $0 - mean }
  }
}
