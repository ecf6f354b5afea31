import Dispatch

/// The engine to use: makes those that take the forest, times them, and from then on gives each batch
/// to the fastest for its size. Batches that are worth it are split over several threads.
///
/// ```swift
/// let engine = FastEngine(forest)
/// print(engine)  // 1 row: permute, 16 rows: permute, 64 rows: slice, 256 rows: slice (avx512vbmi)
/// let margins = engine.margins(rows)
/// ```
public struct FastEngine: Engine {
  /// The forest whose margins these are.
  public let forest: Forest
  /// The engine for batches of so many rows and more, up to the next.
  public let choices: [(rows: Int, kind: EngineKind)]
  /// The instructions that the engines may use.
  public let instructions: InstructionSet
  /// Over how many threads a large batch is split.
  public let threads: Int
  /// From how many rows on.
  public let splitFrom: Int
  /// That of the engine for large batches.
  public let blockRows: Int

  private let single: any Engine
  private let engines: [(rows: Int, engine: any Engine)]

  private static let sizes = [1, 16, 32, 64, 256]
  /// Waking a thread takes about ten microseconds: less work than this, in seconds, is not split.
  private static let worthSplitting = 100e-6

  /// Makes and times the engines, which takes a few milliseconds.
  ///
  /// - Parameters:
  ///   - kinds: the engines to choose from; the reference engine stands in where none takes the forest.
  ///   - instructions: the instructions that may be used.
  ///   - threads: over how many threads a large batch may be split.
  ///   - splitFrom: from how many rows on; nil measures from where it is worth it.
  public init(
    _ forest: Forest, kinds: [EngineKind] = [.walk, .permute, .slice],
    instructions: InstructionSet = .best, threads: Int = 1, splitFrom: Int? = nil
  ) {
    let made = Self.engines(forest, kinds, instructions)
    var choices: [(rows: Int, kind: EngineKind)] = []
    var engines: [(rows: Int, engine: any Engine)] = []
    let stopwatch = EngineStopwatch(forest)
    for rows in made.count == 1 ? [1] : Self.sizes where rows <= stopwatch.rowLimit {
      var fastest = Double.infinity
      // The fastest of before goes first, because those that are far behind are not timed long.
      let order =
        made.filter { $0.kind == choices.last?.kind }
        + made.filter { $0.kind != choices.last?.kind }
      let timed = order.map { made in
        let seconds = stopwatch.seconds(made.engine, rows: rows, fastest: fastest)
        fastest = min(fastest, seconds)
        return (seconds: seconds, made: made)
      }
      guard let best = timed.min(by: { $0.seconds < $1.seconds }) else { continue }
      // One that is hardly better is not worth a change: it may be noise.
      let current = timed.first { $0.made.kind == choices.last?.kind }
      guard best.seconds < (current?.seconds ?? .infinity) * 0.9 else { continue }
      choices.append((rows, best.made.kind))
      engines.append((rows, best.made.engine))
      // The more rows, the further ahead it is.
      if best.made.kind == .slice { break }
    }
    self.forest = forest
    self.choices = choices
    self.instructions = instructions
    self.threads = threads
    blockRows = engines.last?.engine.blockRows ?? 1
    if threads > 1, splitFrom == nil, let engine = engines.last?.engine {
      let rows = stopwatch.rowLimit
      let perRow = stopwatch.seconds(engine, rows: rows, fastest: 0) / Double(rows)
      self.splitFrom = max(blockRows, Int(min(1e9, Self.worthSplitting / perRow)))
    } else {
      self.splitFrom = threads > 1 ? splitFrom ?? .max : .max
    }
    self.engines = engines
    single = engines[0].engine
  }

  /// Makes the engines that take the forest.
  private static func engines(
    _ forest: Forest, _ kinds: [EngineKind], _ instructions: InstructionSet
  ) -> [(kind: EngineKind, engine: any Engine)] {
    let complete = try? CompleteForest(forest)
    var made: [(kind: EngineKind, engine: any Engine)] = []
    func make(_ kind: EngineKind) {
      guard kinds.contains(kind) else { return }
      if let engine = try? kind.engine(for: forest, complete, instructions: instructions) {
        made.append((kind, engine))
      }
    }
    make(.permute)
    make(.slice)
    // Beside both, walking has been fastest only in forests that do not fill the lanes of permute.
    if made.count < 2 || forest.trees.count < 64 { make(.walk) }
    return made.isEmpty ? [(.reference, ReferenceEngine(forest))] : made
  }

  /// Writes the margins of each row.
  public func margins(
    of rows: Span<Float>, trees: Range<Int>, into margins: inout MutableSpan<Float>
  ) {
    let rowCount = rowCount(of: rows, trees: trees, marginCount: margins.count)
    if engines.count == 1 && rowCount < splitFrom || rowCount < Self.sizes[1] {
      return single.margins(of: rows, trees: trees, into: &margins)
    }
    let engine = engines.last { $0.rows <= rowCount }?.engine ?? single
    guard rowCount >= splitFrom else {
      return engine.margins(of: rows, trees: trees, into: &margins)
    }
    split(rows, rowCount, trees, into: &margins, engine)
  }

  /// Gives each thread an equal part, in whole blocks.
  private func split(
    _ rows: Span<Float>, _ rowCount: Int, _ trees: Range<Int>,
    into margins: inout MutableSpan<Float>,
    _ engine: any Engine
  ) {
    let blocks = (rowCount + blockRows - 1) / blockRows
    let parts = min(threads, blocks)
    let (featureCount, outputCount) = (forest.featureCount, forest.outputCount)
    rows.withUnsafeBufferPointer { rows in
      margins.withUnsafeMutableBufferPointer { margins in
        // Safe: the parts are disjoint, and concurrentPerform returns after all of them.
        nonisolated(unsafe) let (rows, margins) = (rows, margins)
        DispatchQueue.concurrentPerform(iterations: parts) { part in
          let begin = blocks * part / parts * blockRows
          let end = min(rowCount, blocks * (part + 1) / parts * blockRows)
          let values = UnsafeBufferPointer(
            rebasing: rows[begin * featureCount..<end * featureCount])
          let target = UnsafeMutableBufferPointer(
            rebasing: margins[begin * outputCount..<end * outputCount])
          var span = target.mutableSpan
          engine.margins(of: values.span, trees: trees, into: &span)
        }
      }
    }
  }
}

extension FastEngine: CustomStringConvertible {
  /// What was chosen.
  public var description: String {
    let parts = choices.map { "from \($0.rows) rows \($0.kind)" }
    let split = splitFrom == .max ? "" : ", from \(splitFrom) rows on \(threads) threads"
    return parts.joined(separator: ", ") + split + " (\(instructions))"
  }
}
