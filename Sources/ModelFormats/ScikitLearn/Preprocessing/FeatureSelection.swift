/// Which columns scikit-learn's selectors keep. They store their measurements, not the choice.
enum FeatureSelection {
  /// Whether each column is kept.
  static func mask(_ kind: PickleClass, _ fields: PickleFields, count: Int) throws -> [Bool] {
    let graph = fields.graph
    func number(_ name: String) throws -> Double {
      guard let number = fields[name].flatMap(graph.number), number.isFinite else {
        throw ModelFormatError(.malformed, "expected a number").inside(name)
      }
      return number
    }
    switch kind {
    case .varianceThreshold:
      let threshold = try number("threshold")
      return try fields.numbers("variances_", count: count).map { $0 > threshold }
    case .selectFpr:
      let alpha = try number("alpha")
      return try fields.numbers("pvalues_", count: count).map { $0 < alpha }
    case .rfe, .rfecv:
      return try fields.numbers("support_", count: count).map { $0 != 0 }
    case .selectKBest:
      if fields["k"].flatMap(graph.text) == "all" {
        return [Bool](repeating: true, count: count)
      }
      return try best(Int(max(0, min(number("k"), Double(count)))), scores(fields, count))
    default:
      return try percentile(number("percentile"), scores(fields, count))
    }
  }

  /// The scores; what has none is worst.
  private static func scores(_ fields: PickleFields, _ count: Int) throws -> [Double] {
    try fields.numbers("scores_", count: count).map {
      $0.isNaN ? -.greatestFiniteMagnitude : $0
    }
  }

  /// The last of a stable ascending order.
  private static func best(_ kept: Int, _ scores: [Double]) -> [Bool] {
    let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
    var mask = [Bool](repeating: false, count: scores.count)
    for index in order.suffix(kept) { mask[index] = true }
    return mask
  }

  /// Those above a percentile, and the first that are equal to it while there is room.
  private static func percentile(_ percentile: Double, _ scores: [Double]) -> [Bool] {
    guard percentile < 100, !scores.isEmpty else {
      return [Bool](repeating: true, count: scores.count)
    }
    guard percentile > 0 else { return [Bool](repeating: false, count: scores.count) }
    let sorted = scores.sorted()
    let position = Double(scores.count - 1) * (100 - percentile) / 100
    let low = Int(position)
    let high = min(low + 1, sorted.count - 1)
    let threshold = sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
    var mask = scores.map { $0 > threshold }
    var room = Int(Double(scores.count) * percentile / 100) - mask.count(where: { $0 })
    for index in scores.indices where scores[index] == threshold && room > 0 {
      mask[index] = true
      room -= 1
    }
    return mask
  }
}
