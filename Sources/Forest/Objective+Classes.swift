extension Objective {
  /// The number of each row's class; empty for tasks that have none.
  ///
  /// - Parameter predictions: row-major, `outputCount` a row, transformed by the link.
  public func classes(of predictions: [Float], outputCount: Int) -> [Int] {
    switch task {
    case .binary:
      // What 0.5 is to a probability, 0 is to a margin.
      let middle: Float = threshold ?? (link == .identity ? 0 : 0.5)
      return predictions.map { $0 > middle ? 1 : 0 }
    case .multiclass:
      if let threshold, outputCount == 2 {
        return stride(from: 1, to: predictions.count, by: 2).map {
          predictions[$0] > threshold ? 1 : 0
        }
      }
      return stride(from: 0, to: predictions.count, by: outputCount).map { start in
        var best = start
        for index in start..<start + outputCount where predictions[index] > predictions[best] {
          best = index
        }
        return best - start
      }
    case .regression, .ranking:
      return []
    }
  }
}
