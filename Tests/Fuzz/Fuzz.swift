import Forest
import ModelFormats

/// What libFuzzer calls with each input: any bytes are a model or one error, and a model answers the
/// same with every engine. A trap, a difference, more than 5 s or 256 MiB are findings.
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
  let forests = model.ensemble.forests
  for forest in forests { checkEngines(forest) }
  // What is as large as this only takes time: the parts of it are the same.
  guard model.features.count <= 256, forests.count <= 64, forests.allSatisfy({ isSmall($0) })
  else { return }
  let rows = rows(columnCount: model.features.count)
  let plain = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing) {
    ReferenceEngine($0)
  }
  let walking = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing) {
    FastEngine($0, kinds: [.walk])
  }
  let expected = plain.predictions(rows)
  let width = model.ensemble.outputCount
  precondition(expected.count == rows.rowCount * width)
  expectSame(walking.predictions(rows), expected, "the whole")
  for row in 0..<rows.rowCount {
    let alone = Matrix(
      rowCount: 1, columnCount: rows.columnCount, values: Array(rows[row: row]))
    expectSame(
      plain.predictions(alone), Array(expected[row * width..<(row + 1) * width]), "row \(row)")
  }
  let classes = model.objective.classes(of: expected, outputCount: width)
  precondition(classes.allSatisfy { 0..<model.ensemble.classCount ~= $0 })
  precondition(model.labels.map { $0.count == model.ensemble.classCount } ?? true)
}

private func checkEngines(_ forest: Forest) {
  guard forest.featureCount <= 256, isSmall(forest) else { return }
  let rows = rows(columnCount: forest.featureCount)
  let expected = ReferenceEngine(forest).margins(rows)
  for kind in EngineKind.allCases where kind != .reference {
    guard let engine = try? kind.engine(for: forest) else { continue }
    expectSame(engine.margins(rows), expected, kind.rawValue)
  }
}

private func isSmall(_ forest: Forest) -> Bool {
  forest.trees.reduce(0) { $0 + $1.nodes.count } <= 4096 && forest.outputCount <= 256
}

/// Rows of zeros, of missing values, of numbers at the ends, and of some of each.
private func rows(columnCount: Int) -> Matrix {
  let mixed: [Float] = [0, .nan, 1.5, -3, 2, .infinity, 7, -.infinity, .leastNonzeroMagnitude]
  let parts: [[Float]] = [
    [0], [.nan], [.greatestFiniteMagnitude], [-.infinity], mixed, mixed.reversed(),
  ]
  return Matrix(
    rowCount: parts.count, columnCount: columnCount,
    values: parts.flatMap { part in (0..<columnCount).map { part[$0 % part.count] } })
}

private func expectSame(_ found: [Float], _ expected: [Float], _ what: String) {
  precondition(found.count == expected.count, "\(what): \(found.count) values")
  for (found, expected) in zip(found, expected) {
    precondition(
      found.bitPattern == expected.bitPattern || found.isNaN && expected.isNaN,
      "\(what): \(found) is not \(expected)")
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
