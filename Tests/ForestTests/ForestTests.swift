import Forest
import Testing

/// A forest takes trees only, and says what is wrong with anything else.
struct ForestTests {
  static let objective = Objective(name: "reg:squarederror", task: .regression, link: .identity)

  static func forest(
    _ trees: [Tree], featureCount: Int = 2, baseMargins: [Float] = [0]
  ) throws -> Forest {
    try Forest(
      featureCount: featureCount, baseMargins: baseMargins, trees: trees, objective: objective)
  }

  static func split(
    _ feature: Int = 0, _ condition: Condition = .below(0.5), yes: Int = 1, no: Int = 2,
    missing: Int? = nil
  ) -> Node {
    .split(Split(feature: feature, condition: condition, yes: yes, no: no, missing: missing ?? yes))
  }

  @Test(
    "A tree that is none is refused with its place",
    arguments: [
      ([], nil, "no nodes"),
      ([.leaf(.nan)], 0, "leaf is not a number"),
      ([split(2), .leaf(0), .leaf(0)], 0, "feature 2"),
      ([split(-1), .leaf(0), .leaf(0)], 0, "feature -1"),
      ([split(0, .below(.nan)), .leaf(0), .leaf(0)], 0, "threshold"),
      ([split(yes: 3), .leaf(0), .leaf(0)], 0, "child 3"),
      ([split(no: -1), .leaf(0), .leaf(0)], 0, "child -1"),
      ([split(missing: 0), .leaf(0), .leaf(0)], 0, "missing values lead to node 0"),
      ([split(yes: 0, no: 1), .leaf(0)], nil, "back to the root"),
      ([split(yes: 1, no: 1), .leaf(0)], 1, "child of two"),
      ([.leaf(0), .leaf(0)], nil, "1 of its nodes"),
      ([.leaf(0), split(yes: 2, no: 3), split(yes: 1, no: 4), .leaf(0), .leaf(0)], nil, "4 of"),
    ] as [([Node], Int?, String)])
  func badTrees(nodes: [Node], node: Int?, message: String) throws {
    let sound = Tree(output: 0, nodes: [.leaf(1)])
    let error = try #require(throws: ForestError.self) {
      try Self.forest([sound, Tree(output: 0, nodes: nodes)])
    }
    #expect(error.message.contains(message))
    #expect(error.tree == 1)
    #expect(error.node == node)
    #expect(error.description.hasPrefix("tree 1"))
  }

  @Test("A forest needs trees, outputs and finite base margins")
  func badForests() throws {
    let tree = Tree(output: 0, nodes: [.leaf(1)])
    func message(_ body: () throws -> Forest) throws -> String {
      try #require(throws: ForestError.self) { try body() }.description
    }
    #expect(try message { try Self.forest([]) }.contains("no trees"))
    #expect(try message { try Self.forest([tree], baseMargins: []) }.contains("no outputs"))
    #expect(try message { try Self.forest([tree], baseMargins: [.infinity]) }.contains("finite"))
    for output in [1, -1] {
      let other = Tree(output: output, nodes: [.leaf(1)])
      #expect(try message { try Self.forest([tree, other]) }.contains("output \(output)"))
    }
  }

  @Test("The engine follows thresholds, missing values and categories")
  func engine() throws {
    let threshold = Tree(output: 0, nodes: [Self.split(missing: 2), .leaf(1), .leaf(2)])
    let members = Condition.member(CategorySet([1, 64]))
    let category = Tree(
      output: 1, nodes: [Self.split(1, members, missing: 1), .leaf(10), .leaf(20)])
    let forest = try Self.forest([threshold, category], baseMargins: [100, 200])
    let rows: [Float] = [
      Float(0.5).nextDown, 1,
      0.5, 64,
      .nan, .nan,
      -.infinity, 1.9,
      .infinity, 65,
      0, -1,
      0, .infinity,
    ]
    let margins = ReferenceEngine(forest).margins(
      Matrix(rowCount: 7, columnCount: 2, values: rows))
    #expect(
      margins == [101, 210, 102, 210, 102, 210, 101, 210, 102, 220, 101, 220, 101, 220])
  }

  @Test("Leaves are added in the order of the trees, in float32")
  func order() throws {
    let leaves: [Float] = [1e8, 1, -1e8, 1]
    let forest = try Self.forest(leaves.map { Tree(output: 0, nodes: [.leaf($0)]) })
    let matrix = Matrix(rowCount: 1, columnCount: 2, values: [0, 0])
    #expect(ReferenceEngine(forest).margins(matrix) == [1])
    let empty = Matrix(rowCount: 0, columnCount: 2, values: [])
    #expect(ReferenceEngine(forest).margins(empty).isEmpty)
  }
}
