import Forest
import Testing

/// A small, seeded generator (SplitMix64), so that a failing case can be repeated.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0xd134_2543_de82_ef95 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}

/// Random forests of one kind, and rows that lie on their thresholds and in every odd place.
struct ForestGenerator: Sendable, CustomTestStringConvertible {
  var name: String
  var trees = 20
  var depth = 1...6
  /// How likely a node above the depth is a split.
  var fullness = 1.0
  var features = 7
  var thresholds = 20
  var outputs = 1
  /// Whether the trees add to one output after the other, and not to any.
  var takesTurns = true
  var width = 1
  /// How likely a tree has leaves of one value although there are wider ones.
  var narrowTrees = 0.0
  var categories = 0
  var presence = false
  var missingYes = true
  var zeroIsMissing = false
  var truncatesNegative = false
  var summation = Summation.float32

  var testDescription: String { name }

  func forest(_ random: inout Seeded) throws -> Forest {
    let values = (0..<features).map { _ in
      (0..<thresholds).map { _ in threshold(&random) }
    }
    return try Forest(
      featureCount: features,
      baseMargins: (0..<outputs).map { _ in .random(in: -1...1, using: &random) },
      trees: (0..<trees).map { index in
        let output = takesTurns ? index % outputs : .random(in: 0..<outputs, using: &random)
        let isNarrow = width == 1 || narrowTrees > .random(in: 0..<1, using: &random)
        return tree(
          output: isNarrow ? output : .random(in: 0...outputs - width, using: &random),
          width: isNarrow ? 1 : width, values, &random)
      },
      objective: Objective(name: "test", task: .regression, link: .identity),
      summation: summation)
  }

  private func threshold(_ random: inout Seeded) -> Float {
    switch Int.random(in: 0..<40, using: &random) {
    case 0: 0
    case 1: -0.0
    case 2: .infinity
    case 3: -.infinity
    case 4: .leastNonzeroMagnitude
    case 5: -.leastNonzeroMagnitude
    case 6: .greatestFiniteMagnitude
    default: .random(in: -2...2, using: &random)
    }
  }

  private func tree(
    output: Int, width: Int, _ values: [[Float]], _ random: inout Seeded
  ) -> Tree {
    var nodes: [Node?] = [nil]
    var leaves: [Double] = []
    var pending = [(position: 0, level: 0)]
    let depth = Int.random(in: depth, using: &random)
    while let (position, level) = pending.popLast() {
      // One path, at least, goes to the bottom.
      let goesOn =
        level < depth && (position == level * 2 || .random(in: 0..<1, using: &random) < fullness)
      guard goesOn else {
        if summation == .float32 && width == 1 {
          nodes[position] = .leaf(.random(in: -1...1, using: &random))
        } else {
          nodes[position] = .leafRow(leaves.count / width)
          for _ in 0..<width {
            leaves.append(leaf(&random))
          }
        }
        continue
      }
      let (yes, no) = (nodes.count + 1, nodes.count)
      nodes += [nil, nil]
      pending.append((no, level + 1))
      pending.append((yes, level + 1))
      nodes[position] = .split(split(yes: yes, no: no, values, &random))
    }
    return Tree(
      output: output, nodes: nodes.compactMap(\.self),
      leaves: leaves.isEmpty ? nil : LeafTable(width: width, values: leaves))
  }

  private func leaf(_ random: inout Seeded) -> Double {
    switch summation {
    case .float32: Double(Float.random(in: -1...1, using: &random))
    case .float64: .random(in: -1...1, using: &random)
    // Fractions of few rows, which many leaves share.
    case .mean: Double(Int.random(in: 0...7, using: &random)) / 7
    }
  }

  private func split(yes: Int, no: Int, _ values: [[Float]], _ random: inout Seeded) -> Split {
    let feature = Int.random(in: 0..<features, using: &random)
    let condition: Condition
    if feature < categories {
      let count = Int.random(in: 0...(feature == 0 ? 3 : 90), using: &random)
      condition = .member(
        CategorySet(
          (0..<count).filter { _ in .random(using: &random) },
          truncatesNegative: truncatesNegative))
    } else if presence, .random(using: &random) {
      condition = .present
    } else {
      condition = .below(values[feature].randomElement(using: &random) ?? 0)
    }
    let missing = missingYes && .random(using: &random) ? yes : no
    return Split(
      feature: feature, condition: condition, yes: yes, no: no, missing: missing,
      zeroIsMissing: zeroIsMissing && feature >= categories && .random(using: &random))
  }

  func rows(_ count: Int, for forest: Forest, _ random: inout Seeded) -> Matrix {
    var thresholds = [[Float]](repeating: [0], count: features)
    for tree in forest.trees {
      for case .split(let split) in tree.nodes {
        if case .below(let threshold) = split.condition {
          thresholds[split.feature].append(threshold)
        }
      }
    }
    return Matrix(
      rowCount: count, columnCount: features,
      values: (0..<count * features).map { index in
        let feature = index % features
        let near = thresholds[feature].randomElement(using: &random) ?? 0
        return switch Int.random(in: 0..<12, using: &random) {
        case 0: .nan
        case 1: near
        case 2: near.nextUp
        case 3: near.nextDown
        case 4:
          [
            .infinity, -.infinity, -0.0, 0, -.nan, 1e9, -0.5, -1, 1e-35, -1e-35, 1.0000001e-35,
            -1.0000001e-35, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
          ].randomElement(using: &random) ?? 0
        default:
          feature < categories
            ? Float(Int.random(in: -1...95, using: &random))
            : .random(in: -2.5...2.5, using: &random)
        }
      })
  }
}
