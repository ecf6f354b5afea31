import Forest
import FoundationEssentials

/// A forest in the neutral form that `export_forest.py` writes for libraries that Coppice reads no files
/// of yet: little-endian int32 and float64, one after another.
enum NeutralForest {
  static func read(_ path: String) throws -> Forest {
    var reader = Reader(data: try Data(contentsOf: URL(filePath: path)))
    guard reader.int() == 0x1f02e57 else { throw BenchError("\(path) is no neutral forest") }
    let featureCount = reader.int()
    let outputCount = reader.int()
    let summation: Summation = reader.int() == 0 ? .float64 : .mean
    let link: Link = reader.int() == 0 ? .identity : .logistic
    let width = reader.int()
    let trees = (0..<reader.int()).map { _ in tree(&reader, width: width) }
    return try Forest(
      featureCount: featureCount, baseMargins: Array(repeating: 0, count: outputCount),
      trees: trees,
      objective: Objective(name: "neutral", task: .binary, link: link), summation: summation)
  }

  private static func tree(_ reader: inout Reader, width: Int) -> Tree {
    let (nodeCount, leafCount, setCount) = (reader.int(), reader.int(), reader.int())
    let sets = (0..<setCount).map { _ in
      let count = reader.int()
      return CategorySet((0..<count).map { _ in reader.int() })
    }
    let nodes: [Node] = (0..<nodeCount).map { _ in
      let (feature, set, yes, no) = (reader.int(), reader.int(), reader.int(), reader.int())
      let (missing, threshold) = (reader.int(), reader.double())
      if feature < 0 { return .leafRow(yes) }
      return .split(
        Split(
          feature: feature, condition: set < 0 ? .atMost(threshold) : .member(sets[set]), yes: yes,
          no: no, missing: missing))
    }
    let values = (0..<leafCount * width).map { _ in reader.double() }
    return Tree(output: 0, nodes: nodes, leaves: LeafTable(width: width, values: values))
  }

  private struct Reader {
    let data: Data
    var offset = 0

    mutating func int() -> Int { Int(next(Int32.self)) }
    mutating func double() -> Double { Double(bitPattern: next(UInt64.self)) }

    private mutating func next<Value: FixedWidthInteger>(_: Value.Type) -> Value {
      defer { offset += MemoryLayout<Value>.size }
      return data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
  }
}
