/// Times engines on rows that are spread over a forest's own thresholds.
struct EngineStopwatch {
  private let forest: Forest
  private let rows: [Float]
  /// The most rows that are timed: less where a few fill megabytes.
  let rowLimit: Int

  init(_ forest: Forest) {
    self.forest = forest
    rowLimit = max(1, min(256, (1 << 22) / max(1, forest.featureCount, forest.outputCount)))
    // Every value is one that some split compares with, so that rows take all ways; the same rows at
    // every start.
    var seen = [[Float]](repeating: [], count: forest.featureCount)
    for tree in forest.trees.prefix(200) {
      for case .split(let split) in tree.nodes {
        switch split.condition {
        case .below(let threshold): seen[split.feature].append(threshold)
        case .member(let set): seen[split.feature].append(Float(set.codes.last ?? 0))
        case .present: seen[split.feature].append(0)
        }
      }
    }
    var state: UInt64 = 1
    rows = (0..<rowLimit * forest.featureCount).map { index in
      let values = seen[index % forest.featureCount]
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return values.isEmpty ? 0 : values[Int(state >> 33) % values.count]
    }
  }

  /// The shortest of a few calls with that many rows; different rows each time.
  ///
  /// One call may be interrupted, so there are at least three, unless the engine is far behind another
  /// that took `fastest` seconds.
  func seconds(_ engine: any Engine, rows count: Int, fastest: Double) -> Double {
    let clock = ContinuousClock()
    var margins = [Float](repeating: 0, count: count * forest.outputCount)
    var best = Duration.seconds(1 << 30)
    var spent = Duration.zero
    for call in 0..<16 {
      let first = call * count % (rowLimit - count + 1) * forest.featureCount
      let values = rows.span.extracting(first..<first + count * forest.featureCount)
      let time = clock.measure {
        var span = margins.mutableSpan
        engine.margins(of: values, into: &span)
      }
      best = min(best, time)
      spent += time
      if spent > .microseconds(300), call >= 2 || best / .seconds(1) > 3 * fastest { break }
    }
    return best / .seconds(1)
  }
}
