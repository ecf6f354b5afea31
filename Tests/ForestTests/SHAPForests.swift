import Forest
import Testing

/// Random forests with covers, and rows for them; the same for the same seed.
struct SHAPForests: Sendable, CustomTestStringConvertible {
  var name: String
  var seed: UInt64 = 1
  var trees = 6
  var depth = 6
  var features = 9
  var outputs = 1
  var width = 1
  var summation = Summation.float32
  /// How likely a node above the depth is a split.
  var fullness = 0.9
  /// How likely no training data went one way.
  var emptiness = 0.0

  var testDescription: String { name }

  static let all = [
    SHAPForests(name: "ordinary trees"),
    SHAPForests(name: "full trees of depth 8", trees: 2, depth: 8, fullness: 1),
    SHAPForests(name: "few features, often repeated", depth: 9, features: 3),
    SHAPForests(name: "many features, deep", trees: 2, depth: 14, features: 24, fullness: 0.75),
    SHAPForests(name: "stumps", depth: 1),
    SHAPForests(name: "leaves without splits", depth: 0),
    SHAPForests(name: "several outputs", outputs: 3),
    SHAPForests(name: "vector leaves, averaged", outputs: 4, width: 4, summation: .mean),
    SHAPForests(name: "float64 sums", summation: .float64),
    SHAPForests(name: "empty nodes", emptiness: 0.3),
  ]

  func forest() throws -> Forest {
    var random = SplitMix(state: seed)
    return try Forest(
      featureCount: features,
      baseMargins: (0..<outputs).map { _ in .random(in: -1...1, using: &random) },
      trees: (0..<trees).map { tree(output: width > 1 ? 0 : $0 % outputs, &random) },
      objective: Objective(name: "test", task: .regression, link: .identity),
      summation: summation)
  }

  func rows(_ count: Int) -> Matrix {
    var random = SplitMix(state: seed &+ 1)
    let values = (0..<count * features).map { index -> Float in
      switch Int.random(in: 0..<10, using: &random) {
      case 0: .nan
      case 1: [.infinity, -.infinity, 1e9, -1].randomElement(using: &random)!
      // Feature 0 has categories.
      default:
        index % features == 0
          ? Float(Int.random(in: 0..<80, using: &random)) : .random(in: -2...2, using: &random)
      }
    }
    return Matrix(rowCount: count, columnCount: features, values: values)
  }

  private func tree(output: Int, _ random: inout SplitMix) -> Tree {
    var nodes: [Node] = [.leaf(0)]
    var covers: [Float] = [1000]
    var leaves: [Double] = []
    var pending = [(position: 0, level: 0)]
    while let (position, level) = pending.popLast() {
      guard level < depth, .random(in: 0..<1, using: &random) < fullness else {
        if width > 1 {
          nodes[position] = .leafRow(leaves.count / width)
          for _ in 0..<width { leaves.append(.random(in: -1...1, using: &random)) }
        } else {
          nodes[position] = .leaf(.random(in: -1...1, using: &random))
        }
        continue
      }
      let yes = nodes.count
      nodes += [.leaf(0), .leaf(0)]
      let share: Float =
        .random(in: 0..<1, using: &random) < Float(emptiness)
        ? [0, 1].randomElement(using: &random)! : .random(in: 0.01..<0.99, using: &random)
      covers += [covers[position] * share, covers[position] * (1 - share)]
      pending += [(yes, level + 1), (yes + 1, level + 1)]
      let feature = Int.random(in: 0..<features, using: &random)
      nodes[position] = .split(
        Split(
          feature: feature, condition: condition(feature, &random), yes: yes, no: yes + 1,
          missing: .random(using: &random) ? yes : yes + 1))
    }
    return Tree(
      output: output, nodes: nodes,
      leaves: width > 1 ? LeafTable(width: width, values: leaves) : nil, covers: covers)
  }

  private func condition(_ feature: Int, _ random: inout SplitMix) -> Condition {
    switch feature {
    case 0: .member(CategorySet((0..<80).filter { _ in .random(using: &random) }))
    case 1 where .random(using: &random): .present
    default: .below(.random(in: -2...2, using: &random))
    }
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
