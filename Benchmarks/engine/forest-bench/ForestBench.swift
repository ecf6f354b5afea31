import Forest
import FoundationEssentials
import ModelFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Times Coppice's engines for bench.py, which compares them with other libraries' engines.
///
/// `forest-bench MODEL ROWS.npy [key=value ...]`; prints one JSON object.
@main
struct ForestBench {
  static func main() throws {
    var options: [String: String] = [:]
    let arguments = CommandLine.arguments.dropFirst()
    for option in arguments.dropFirst(2) {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard parts.count == 2, keys.contains(parts[0]) else {
        throw BenchError("unknown option \(option); there are: \(keys.joined(separator: " "))")
      }
      options[parts[0]] = parts[1]
    }
    guard arguments.count >= 2 else {
      throw BenchError("usage: forest-bench MODEL ROWS.npy [key=value ...]")
    }
    let memory = ResidentMemory.bytes()
    let begin = Timing.now(CLOCK_PROCESS_CPUTIME_ID)
    guard let forest = try TreeModel.read(contentsOf: arguments[1]).forest else {
      throw BenchError("the model in \(arguments[1]) is more than one forest")
    }
    let loaded = Timing.now(CLOCK_PROCESS_CPUTIME_ID)
    let engine: any Engine
    let instructions = options["instructions"].flatMap(InstructionSet.init) ?? .best
    if let kind = options["engine"].flatMap(EngineKind.init) {
      engine = try kind.engine(for: forest, instructions: instructions)
    } else {
      engine = FastEngine(
        forest, instructions: instructions, threads: Int(options["threads"] ?? "1") ?? 1)
    }
    let built = Timing.now(CLOCK_PROCESS_CPUTIME_ID)
    let held = ResidentMemory.bytes() - memory
    let nodeBytes = forest.trees.reduce(0) { $0 + $1.nodes.count } * MemoryLayout<Node>.stride

    let rows = try NumPyArray(contentsOf: arguments[2])
    if let path = options["predictions"] {
      let count = min(4096, rows.rowCount)
      var predictions = engine.margins(
        Matrix(
          rowCount: count, columnCount: rows.columnCount,
          values: Array(rows.values.prefix(count * rows.columnCount))))
      forest.objective.link.apply(to: &predictions, outputCount: forest.outputCount)
      try predictions.withUnsafeBytes { try Data($0).write(to: URL(filePath: path)) }
    }
    var timing = Timing(engine: engine, rows: rows)
    timing.cpuClock = options["cpu"] == "1"
    timing.group = Int(options["group"] ?? "1") ?? 1
    timing.budget = Double(options["budget"] ?? "0.5") ?? 0.5
    var cells: [String] = []
    for batch in (options["batches"] ?? "1,256,4096").split(separator: ",").compactMap({ Int($0) })
    {
      timing.batch = batch
      let wall = Timing.now(CLOCK_MONOTONIC)
      let cpu = Timing.now(CLOCK_PROCESS_CPUTIME_ID)
      let seconds = timing.run().sorted()
      let cores =
        (Timing.now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (Timing.now(CLOCK_MONOTONIC) - wall)
      let quantile = { (part: Double) in
        seconds[min(seconds.count - 1, Int(Double(seconds.count) * part))]
      }
      cells.append(
        "\"\(batch)\":{\"us\":\(quantile(0.5) * 1e6),\"min_us\":\(seconds[0] * 1e6),"
          + "\"p99_us\":\(quantile(0.99) * 1e6),\"calls\":\(seconds.count),\"cpu\":\(cores)}")
    }
    let name = options["engine"].flatMap(EngineKind.init)?.rawValue ?? "\(engine)"
    print(
      "{\"engine\":\"\(name)\",\"load_ms\":\((loaded - begin) * 1e3),"
        + "\"build_ms\":\((built - loaded) * 1e3),\"memory_bytes\":\(held),"
        + "\"node_bytes\":\(nodeBytes),\"memory_ratio\":\(Double(held) / Double(nodeBytes)),"
        + "\"cells\":{\(cells.joined(separator: ","))}}")
  }

  private static let keys = [
    "engine", "instructions", "threads", "batches", "budget", "group", "cpu", "predictions",
  ]
}
