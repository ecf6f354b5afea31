import Testing

@testable import Forest

/// Every engine gives, for every forest that it takes, the margins of the reference to the last bit.
@Suite struct EngineTests {
  static let generators = [
    ForestGenerator(name: "stumps", trees: 130, depth: 0...1, thresholds: 3),
    ForestGenerator(name: "single leaves", trees: 9, depth: 0...0),
    ForestGenerator(name: "one tree", trees: 1, depth: 4...4),
    ForestGenerator(name: "depth 1 to 3, ragged", trees: 70, depth: 1...3, fullness: 0.7),
    ForestGenerator(name: "depth 6", trees: 65, depth: 6...6, features: 40, thresholds: 60),
    ForestGenerator(name: "depth 5 to 8, ragged", depth: 5...8, fullness: 0.8, features: 100),
    ForestGenerator(name: "depth 7, no missing values", depth: 7...7, missingYes: false),
    ForestGenerator(
      name: "depth 8, 255 thresholds", trees: 30, depth: 8...8, features: 3, thresholds: 300),
    ForestGenerator(name: "depth 4, wide rows", trees: 200, depth: 4...4, features: 300),
    ForestGenerator(name: "depth 9 to 14", trees: 10, depth: 9...14, fullness: 0.7),
    ForestGenerator(name: "three classes", trees: 150, depth: 0...4, outputs: 3),
    ForestGenerator(
      name: "five outputs in no order", trees: 150, depth: 1...5, outputs: 5, takesTurns: false),
    ForestGenerator(name: "seven classes", trees: 140, depth: 6...6, features: 20, outputs: 7),
    ForestGenerator(
      name: "categories", trees: 40, depth: 1...10, fullness: 0.8, features: 6, categories: 3),
    ForestGenerator(
      name: "categories with negative fractions", trees: 40, depth: 1...10, fullness: 0.8,
      features: 6, categories: 3, truncatesNegative: true),
    ForestGenerator(
      name: "zeros that are missing", depth: 1...9, presence: true, zeroIsMissing: true),
    ForestGenerator(name: "presence", depth: 1...9, presence: true),
    ForestGenerator(name: "float64 sums", depth: 1...9, outputs: 2, summation: .float64),
    ForestGenerator(name: "means", depth: 1...12, fullness: 0.7, outputs: 2, summation: .mean),
    ForestGenerator(name: "vector leaves", depth: 1...7, outputs: 4, width: 3),
    ForestGenerator(
      name: "vector leaves beside single values", depth: 0...7, outputs: 4, width: 3,
      narrowTrees: 0.3),
    ForestGenerator(
      name: "means of vectors", depth: 1...11, fullness: 0.6, outputs: 3, width: 3, summation: .mean
    ),
    ForestGenerator(
      name: "means of vectors beside single values", depth: 0...6, outputs: 4, width: 4,
      narrowTrees: 0.3, summation: .mean),
  ]

  /// Every engine with every set of instructions that this processor has.
  static func engines(_ forest: Forest) -> [(name: String, engine: any Engine)] {
    var engines: [(String, any Engine)] = []
    func add(_ name: String, _ make: () throws -> any Engine) {
      do {
        engines.append((name, try make()))
      } catch {
        #expect(error is UnsuitableForest)
      }
    }
    for instructions in InstructionSet.available {
      add("walk \(instructions)") { try WalkEngine(forest, instructions: instructions) }
      add("wide walk \(instructions)") {
        try WalkEngine(forest, instructions: instructions, isWide: true)
      }
      if forest.hasCategories {
        add("walk with lists \(instructions)") {
          try WalkEngine(forest, instructions: instructions, tableLimit: 0)
        }
      }
    }
    for instructions in InstructionSet.available {
      add("slice \(instructions)") { try SliceEngine(forest, instructions: instructions) }
    }
    if InstructionSet.best >= .avx512vbmi { add("permute") { try PermuteEngine(forest) } }
    add("fast") { FastEngine(forest) }
    add("fast, three threads") { FastEngine(forest, threads: 3, splitFrom: 100) }
    return engines
  }

  @Test(arguments: generators, 1...2)
  func `all engines agree with the reference`(generator: ForestGenerator, seed: Int) throws {
    var random = Seeded(seed)
    let forest = try generator.forest(&random)
    let reference = ReferenceEngine(forest)
    let engines = Self.engines(forest)
    #expect(engines.map(\.name).contains("walk baseline"))
    // The reference takes most of the time; the largest batch is for the smaller forests.
    let largest = forest.trees.count < 30 && seed == 1 ? 5000 : 600
    for rowCount in [0, 1, 2, 7, 8, 9, 63, 64, 65, 130, 256, 257, largest] {
      let rows = generator.rows(rowCount, for: forest, &random)
      let end = Int.random(in: 0...forest.trees.count, using: &random)
      let begin = Int.random(in: 0...end, using: &random)
      for trees in [forest.trees.indices, begin..<end] {
        let expected = reference.margins(rows, trees: trees).map(\.bitPattern)
        for (name, engine) in engines {
          let margins = engine.margins(rows, trees: trees).map(\.bitPattern)
          let different = zip(margins, expected).enumerated().first { $1.0 != $1.1 }?.offset
          #expect(different == nil, "\(name), \(rowCount) rows, trees \(trees)")
        }
      }
    }
  }

  @Test func `a feature may have more thresholds than 16 bits count`() throws {
    // A path on which each question is about the next number.
    let count = 65_600
    let nodes = (0..<count).flatMap { index -> [Node] in
      let split = Split(
        feature: 0, condition: .below(Float(index)), yes: 2 * index + 1, no: 2 * index + 2,
        missing: 2 * index + 2)
      return [.split(split), .leaf(Float(index))]
    }
    let forest = try Forest(
      featureCount: 1, baseMargins: [0], trees: [Tree(output: 0, nodes: nodes + [.leaf(-1)])],
      objective: Objective(name: "test", task: .regression, link: .identity))
    let values: [Float] = [-1, 0, 12.5, 65_533, 65_534, 65_535, 65_536, 65_598.5, 65_599, .nan]
    let rows = Matrix(rowCount: values.count, columnCount: 1, values: values)
    let expected: [Float] = [0, 1, 13, 65_534, 65_535, 65_536, 65_537, 65_599, -1, -1]
    #expect(try WalkEngine(forest).margins(rows) == expected)
  }

  @Test func `a feature may have millions of categories`() throws {
    // A table of all answers would take 24 MB.
    let codes = (0..<40).map { $0 < 2 ? 2_999_999 - $0 : 70_000 * $0 }
    let trees = codes.map { code in
      let sets = [[0, code], [code / 2, code]].map { CategorySet($0) }
      let nodes: [Node] = [
        .split(Split(feature: 0, condition: .member(sets[0]), yes: 1, no: 2, missing: 1)),
        .split(Split(feature: 0, condition: .member(sets[1]), yes: 3, no: 4, missing: 4)),
        .leaf(0.5), .leaf(Float(code)), .leaf(-1),
      ]
      return Tree(output: 0, nodes: nodes)
    }
    let forest = try Forest(
      featureCount: 1, baseMargins: [0], trees: trees,
      objective: Objective(name: "test", task: .regression, link: .identity))
    let codesAndNone = codes + codes.map { $0 / 2 } + [0, 1, 3_000_000, 16_777_216]
    let values = codesAndNone.map(Float.init) + [.nan, -1, .infinity, -.infinity]
    let rows = Matrix(rowCount: values.count, columnCount: 1, values: values)
    let expected = ReferenceEngine(forest).margins(rows)
    let engine = try WalkEngine(forest)
    #expect(engine.margins(rows) == expected)
    for (row, value) in values.enumerated() {
      let one = Matrix(rowCount: 1, columnCount: 1, values: [value])
      #expect(engine.margins(one) == [expected[row]])
    }
  }

  @Test(arguments: generators)
  func `leaf nodes are those that the reference reaches`(generator: ForestGenerator) throws {
    var random = Seeded(11)
    let forest = try generator.forest(&random)
    let rows = generator.rows(40, for: forest, &random)
    let engine = try WalkEngine(forest)
    let nodes = engine.leafNodes(rows)
    let outputs = engine.treeOutputs(rows)
    var reached: [Int32] = []
    var values: [Double] = []
    for row in 0..<rows.rowCount {
      for tree in forest.trees {
        let leaf = Array(rows[row: row]).withUnsafeBufferPointer { tree.leaf(for: $0.span) }
        reached.append(Int32(leaf))
        values += tree.leafValues(at: leaf)
      }
    }
    #expect(nodes == reached)
    #expect(outputs == values)
  }
}

extension Forest {
  fileprivate var hasCategories: Bool {
    trees.contains { tree in
      tree.nodes.contains {
        guard case .split(let split) = $0, case .member = split.condition else { return false }
        return true
      }
    }
  }
}
