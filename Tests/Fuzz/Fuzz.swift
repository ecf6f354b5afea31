import Forest
import ModelFormats

/// What libFuzzer calls with each input: any bytes are a model or one error, and a model predicts
/// the same with every engine. A trap, a difference, more than 5 s or 256 MiB are findings.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    check(try TreeModel.read(bytes))
  } catch {
    // The text of an error is made of what the file says.
    precondition(!error.description.isEmpty)
  }
  return 0
}

private func check(_ model: TreeModel) {
  precondition(model.features.count < 1 << 21)
  for forest in model.ensemble.forests where forest.featureCount <= 256 {
    guard forest.trees.reduce(0, { $0 + $1.nodes.count }) <= 4096 else { continue }
    let rows = Matrix(
      rowCount: 3, columnCount: forest.featureCount,
      values: (0..<3 * forest.featureCount).map { [0, .nan, 1.5, -3, 2][$0 % 5] })
    let expected = ReferenceEngine(forest).margins(rows)
    for kind in EngineKind.allCases where kind != .reference {
      guard let engine = try? kind.engine(for: forest) else { continue }
      for (found, expected) in zip(engine.margins(rows), expected) {
        precondition(
          found.bitPattern == expected.bitPattern || found.isNaN && expected.isNaN,
          "\(kind): \(found) is not \(expected)")
      }
    }
  }
}

/// Where the package manager has the linker begin; libFuzzer's own main does no more than this.
@_cdecl("fuzz_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, fuzz)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt
