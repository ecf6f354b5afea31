import Forest
import Testing

@Suite struct SummationTests {
  /// A stump: rows below 0 add one leaf, others the other.
  func stump(_ below: [Double], _ others: [Double], output: Int = 0) -> Tree {
    Tree(
      output: output,
      nodes: [
        .split(Split(feature: 0, condition: .below(0), yes: 1, no: 2, missing: 2)),
        .leafRow(0), .leafRow(1),
      ],
      leaves: LeafTable(width: below.count, values: below + others))
  }

  let regression = Objective(name: "regression", task: .regression, link: .identity)

  func margins(
    _ trees: [Tree], _ summation: Summation, base: [Float], row: Float, take: Range<Int>?
  )
    throws -> [Float]
  {
    let forest = try Forest(
      featureCount: 1, baseMargins: base, trees: trees, objective: regression, summation: summation)
    return ReferenceEngine(forest).margins(
      Matrix(rowCount: 1, columnCount: 1, values: [row]), trees: take)
  }

  @Test func `float32 sums lose what float32 cannot hold, float64 sums keep it`() throws {
    let small = 0x1p-24
    let trees = [stump([0], [1]), stump([0], [small]), stump([0], [small])]
    #expect(try margins(trees, .float32, base: [0], row: 1, take: nil) == [1])
    #expect(try margins(trees, .float64, base: [0], row: 1, take: nil) == [1 + 0x1p-23])
  }

  @Test func `a mean divides by the trees that add to each margin`() throws {
    let trees = [stump([1, 2], [3, 4]), stump([5, 6], [7, 8]), stump([9], [10], output: 1)]
    #expect(
      try margins(trees, .mean, base: [0, 100], row: -1, take: nil)
        == [3, 100 + Float(17.0 / 3)])
    #expect(try margins(trees, .mean, base: [0, 100], row: 0, take: 0..<2) == [5, 106])
  }

  @Test func `the first trees alone can be asked`() throws {
    let trees = [stump([1], [2]), stump([10], [20]), stump([100], [200])]
    #expect(try margins(trees, .float32, base: [0.5], row: 1, take: 0..<2) == [22.5])
    #expect(try margins(trees, .float32, base: [0.5], row: 1, take: 1..<2) == [20.5])
    #expect(try margins(trees, .float32, base: [0.5], row: 1, take: 0..<0) == [0.5])
  }

  @Test func `a float64 leaf is refused where float32 values are added`() {
    let error = #expect(throws: ForestError.self) {
      try margins([stump([0], [0.1])], .float32, base: [0], row: 1, take: nil)
    }
    #expect(
      error?.description == "tree 0: leaf 1 is no float32 value, but float32 values are added")
  }

  @Test(arguments: [
    (
      Tree(output: 1, nodes: [.leafRow(0)], leaves: LeafTable(width: 2, values: [1, 2])),
      "tree 0: it adds to output 1 to 2, but there are 2"
    ),
    (
      Tree(output: 0, nodes: [.leafRow(1)], leaves: LeafTable(values: [1])),
      "tree 0, node 0: leaf 1 lies outside the tree's table of 1"
    ),
    (
      Tree(output: 0, nodes: [.leafRow(0)]),
      "tree 0, node 0: leaf 0 lies outside the tree's table of 0"
    ),
    (
      Tree(output: 0, nodes: [.leaf(1)], leaves: LeafTable(width: 2, values: [1, 2])),
      "tree 0, node 0: the leaf has one value, but others have 2"
    ),
    (
      Tree(output: 0, nodes: [.leafRow(0)], leaves: LeafTable(values: [.nan])),
      "tree 0: leaf 0 is not a number"
    ),
  ])
  func `a leaf table that does not fit is refused`(tree: Tree, message: String) {
    let error = #expect(throws: ForestError.self) {
      try margins([tree], .float64, base: [0, 0], row: 1, take: nil)
    }
    #expect(error?.description == message)
  }
}

@Suite struct ConditionTests {
  static let thresholds: [Double] = [
    0, -0.0, 0.1, -0.1, 1, 1e-50, -1e-50, 1e300, -1e300, .infinity, -.infinity,
    Double(Float.greatestFiniteMagnitude), Double(Float.leastNonzeroMagnitude), 0.30000001192092896,
    16777217,
  ]

  @Test(arguments: thresholds)
  func `at most a float64 threshold answers as float64 does for every float32 beside it`(
    threshold: Double
  ) {
    let condition = Condition.atMost(threshold)
    let near = Float(threshold)
    let values = [
      near, near.nextUp, near.nextDown, near.nextUp.nextUp, -near, 0, -0.0, 1, .infinity,
      -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
    ]
    for value in values where !value.isNaN {
      #expect(condition.holds(for: value) == (Double(value) <= threshold), "\(value)")
    }
  }
}
