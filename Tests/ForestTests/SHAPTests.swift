import Forest
import Testing

/// Contributions sum to the margins, and the fast explainer tells what the plain one tells.
struct SHAPTests {
  /// What rounding to float32 may change, in sums of values of that size.
  static func bound(_ values: some Sequence<Float>) -> Double {
    1e-5 * values.reduce(0) { max($0, Double(abs($1))) } + 1e-6
  }

  static func explainers(_ forest: Forest) throws -> [any Explainer] {
    [
      try ReferenceExplainer(forest), try TreeExplainer(forest),
      try TreeExplainer(forest, memoryLimit: 0),
      try TreeExplainer(forest, memoryLimit: TreeExplainer(forest).byteCount / 2),
    ]
  }

  @Test("Contributions sum to the margin", arguments: SHAPForests.all, [1, 2, 3] as [UInt64])
  func additivity(forests: SHAPForests, seed: UInt64) throws {
    var forests = forests
    forests.seed = seed
    let forest = try forests.forest()
    let rows = forests.rows(7)
    let margins = ReferenceEngine(forest).margins(rows)
    let size = forest.featureCount + 1
    for explainer in try Self.explainers(forest) {
      let contributions = explainer.contributions(rows)
      #expect(contributions.count == margins.count * size)
      for (index, margin) in margins.enumerated() {
        let values = contributions[index * size..<(index + 1) * size]
        let sum = values.reduce(0.0) { $0 + Double($1) }
        #expect(abs(sum - Double(margin)) <= Self.bound(values), "\(type(of: explainer))")
      }
    }
  }

  @Test("The interactions of a feature sum to its contribution", arguments: SHAPForests.all)
  func interactionSums(forests: SHAPForests) throws {
    let forest = try forests.forest()
    let rows = forests.rows(2)
    let size = forest.featureCount + 1
    for explainer in try Self.explainers(forest) {
      let contributions = explainer.contributions(rows)
      let interactions = explainer.interactions(rows)
      #expect(interactions.count == contributions.count * size)
      for (index, contribution) in contributions.enumerated() {
        let values = interactions[index * size..<(index + 1) * size]
        let sum = values.reduce(0.0) { $0 + Double($1) }
        #expect(abs(sum - Double(contribution)) <= Self.bound(values), "\(type(of: explainer))")
        let (matrix, row) = index.quotientAndRemainder(dividingBy: size)
        for column in 0..<size {
          let mirrored = interactions[(matrix * size + column) * size + row]
          #expect(
            abs(values[values.startIndex + column] - mirrored) <= Float(Self.bound(values)))
        }
      }
    }
  }

  @Test("The fast explainer equals the plain one", arguments: SHAPForests.all)
  func equality(forests: SHAPForests) throws {
    let forest = try forests.forest()
    let size = forest.featureCount + 1
    let rows = forests.rows(6)
    let few = forests.rows(2)
    let reference = try ReferenceExplainer(forest)
    let contributions = reference.contributions(rows)
    let interactions = reference.interactions(few)
    for explainer in try Self.explainers(forest).dropFirst() {
      for (values, expected, group) in [
        (explainer.contributions(rows), contributions, size),
        (explainer.interactions(few), interactions, size * size),
      ] {
        for start in stride(from: 0, to: expected.count, by: group) {
          let bound = Self.bound(expected[start..<start + group])
          for index in start..<start + group {
            #expect(abs(Double(values[index]) - Double(expected[index])) <= bound)
          }
        }
      }
    }
  }

  @Test("What a row is told does not depend on the rows beside it")
  func blocks() throws {
    let forests = SHAPForests(name: "several outputs", outputs: 3)
    let forest = try forests.forest()
    let explainer = try TreeExplainer(forest)
    // More than are explained in one block, and no whole number of vectors.
    let rows = forests.rows(70)
    var (contributions, interactions): ([Float], [Float]) = ([], [])
    for row in 0..<rows.rowCount {
      let row = Matrix(
        rowCount: 1, columnCount: rows.columnCount, values: Array(rows[row: row]))
      contributions += explainer.contributions(row)
      interactions += explainer.interactions(row)
    }
    #expect(explainer.contributions(rows) == contributions)
    #expect(explainer.interactions(rows) == interactions)
  }

  @Test("A path of any length is explained", arguments: [1, 2, 8, 9, 17, 60, 1500])
  func chain(length: Int) throws {
    // One leaf at the end of all questions: by symmetry, each gets the same.
    var nodes: [Node] = []
    var covers: [Float] = []
    let share: Double = 0.96875
    for feature in 0..<length {
      nodes.append(
        .split(
          Split(
            feature: feature, condition: .below(0), yes: 2 * feature + 2, no: 2 * feature + 1,
            missing: 2 * feature + 1)))
      nodes.append(.leaf(0))
      // Covers that float32 can tell, however long the path: the shares are what counts.
      covers += [1, Float(1 - share)]
    }
    nodes.append(.leaf(1))
    covers.append(Float(share))
    // The children of a split are the leaf with 1 - share and the next split, which holds share.
    for feature in 1..<max(1, length) { covers[2 * feature] = Float(share) }
    let forest = try Forest(
      featureCount: length, baseMargins: [0],
      trees: [Tree(output: 0, nodes: nodes, covers: covers)],
      objective: ForestTests.objective)
    let rows = Matrix(
      rowCount: 1, columnCount: length, values: [Float](repeating: -1, count: length))
    let values = try TreeExplainer(forest).contributions(rows)
    var left = 1.0
    for _ in 0..<length { left *= share }
    let expected = (1 - left) / Double(length)
    for value in values.dropLast() {
      #expect(abs(Double(value) - expected) <= 1e-5 * expected)
    }
    #expect(abs(Double(values[length]) - left) <= 1e-6)
  }

  @Test("Covers are asked for, and must make sense")
  func covers() throws {
    let nodes = [ForestTests.split(), .leaf(1), .leaf(2)]
    let bare = try ForestTests.forest([
      Tree(output: 0, nodes: [.leaf(1)]), Tree(output: 0, nodes: nodes),
    ])
    for body in [
      { _ = try ReferenceExplainer(bare) }, { _ = try TreeExplainer(bare) },
    ] as [() throws -> Void] {
      let error = try #require(throws: ForestError.self) { try body() }
      #expect(error.description == "tree 1: \(error.message)" && error.message.contains("covers"))
    }
    for (covers, node, message) in [
      ([1, 1], nil, "3 nodes, but 2 covers"), ([2, .nan, 1], 1, "the cover is nan"),
      ([2, 1, -1], 2, "the cover is -1"), ([.infinity, 1, 1], 0, "the cover is inf"),
    ] as [([Float], Int?, String)] {
      let error = try #require(throws: ForestError.self) {
        try ForestTests.forest([Tree(output: 0, nodes: nodes, covers: covers)])
      }
      #expect(error.message.contains(message))
      #expect(error.tree == 0 && error.node == node)
    }
  }

  @Test("No rows have no contributions, and rows without features only an expectation")
  func empty() throws {
    let forest = try SHAPForests(name: "ordinary").forest()
    let none = Matrix(rowCount: 0, columnCount: forest.featureCount, values: [])
    let constant = try ForestTests.forest(
      [Tree(output: 0, nodes: [.leaf(2)])], featureCount: 0, baseMargins: [1])
    let rows = Matrix(rowCount: 2, columnCount: 0, values: [])
    for explainer in try Self.explainers(forest) {
      #expect(explainer.contributions(none).isEmpty)
      #expect(explainer.interactions(none).isEmpty)
    }
    for explainer in try Self.explainers(constant) {
      #expect(explainer.contributions(rows) == [3, 3])
      #expect(explainer.interactions(rows) == [3, 3])
    }
  }

  @Test("The memory of the tables stays within its limit")
  func memory() throws {
    let forest = try SHAPForests(name: "ordinary").forest()
    let whole = try TreeExplainer(forest)
    #expect(whole.byteCount > 0)
    #expect(try TreeExplainer(forest, memoryLimit: whole.byteCount).byteCount == whole.byteCount)
    let half = try TreeExplainer(forest, memoryLimit: whole.byteCount / 2)
    #expect(half.byteCount > 0 && half.byteCount <= whole.byteCount / 2)
    #expect(try TreeExplainer(forest, memoryLimit: 0).byteCount == 0)
  }

  @Test("Many threads explain with one explainer at once")
  func threads() async throws {
    let forests = SHAPForests(name: "several outputs", outputs: 3)
    let forest = try forests.forest()
    let rows = forests.rows(6)
    let explainer = try TreeExplainer(
      forest, memoryLimit: TreeExplainer(forest).byteCount / 2)
    let expected = (explainer.contributions(rows), explainer.interactions(rows))
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<4).allSatisfy { _ in
            explainer.contributions(rows) == expected.0
              && explainer.interactions(rows) == expected.1
          }
        }
      }
      for await isSame in group { #expect(isSame) }
    }
  }
}
