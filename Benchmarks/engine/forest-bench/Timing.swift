import Forest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Times an engine as `drv_bench` of driver.c does: consecutive slices of the rows, seconds a call.
struct Timing {
  let engine: any Engine
  let rows: NumPyArray
  var batch = 1
  var budget = 0.5
  var group = 1
  var cpuClock = false

  func run() -> [Double] {
    let (forest, columns) = (engine.forest, rows.columnCount)
    let link = forest.objective.link
    var margins = [Float](repeating: 0, count: batch * forest.outputCount)
    let slices = rows.rowCount / batch
    var seconds: [Double] = []
    seconds.reserveCapacity(400_000)
    var call = 0
    warmUp(&margins)
    let clock = cpuClock ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC
    let start = Self.now(CLOCK_MONOTONIC)
    while seconds.count < 400_000 {
      let begin = Self.now(clock)
      for _ in 0..<group {
        let first = call % slices * batch * columns
        let values = rows.values.span.extracting(first..<first + batch * columns)
        var span = margins.mutableSpan
        engine.margins(of: values, into: &span)
        link.apply(to: &margins, outputCount: forest.outputCount)
        call += 1
      }
      seconds.append((Self.now(clock) - begin) / Double(group))
      if Self.now(CLOCK_MONOTONIC) - start > budget, seconds.count >= 3 { break }
    }
    return seconds
  }

  /// Twenty calls, one if they are large, for caches and clock frequency; their time does not count.
  private func warmUp(_ margins: inout [Float]) {
    for call in 0..<(batch > 4096 ? 1 : 20) where (call + 1) * batch <= rows.rowCount {
      let first = call * batch * rows.columnCount
      var span = margins.mutableSpan
      engine.margins(
        of: rows.values.span.extracting(first..<first + batch * rows.columnCount), into: &span)
    }
  }

  static func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
