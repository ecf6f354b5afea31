import Forest
import Testing

struct EnsembleTests {
  private static let rows = Matrix(rowCount: 3, columnCount: 2, values: [0, 1, 2, .nan, -1, 4])
  private static let regression = Objective(name: "test", task: .regression, link: .identity)
  private static let binary = Objective(name: "test", task: .binary, link: .logistic)

  /// A forest that answers one number where a feature is below 1, another elsewhere.
  private static func forest(
    feature: Int, _ low: Float, _ high: Float, _ objective: Objective = regression
  ) throws -> Ensemble {
    let split = Split(feature: feature, condition: .below(1), yes: 1, no: 2, missing: 2)
    return .forest(
      try Forest(
        featureCount: 2, baseMargins: [0],
        trees: [Tree(output: 0, nodes: [.split(split), .leaf(low), .leaf(high)])],
        objective: objective))
  }

  @Test("A linear model adds in the order of the features, and skips what is missing if told to")
  func linear() throws {
    for (skips, expected) in [(true, 20.5 as Float), (false, .nan)] {
      let model = try LinearModel(
        featureCount: 2, weights: [10, 1, 100, 2], biases: [0.5, 0], objective: Self.regression,
        isFloat32: true, skipsMissing: skips)
      let margins = EnsembleEngine(.linear(model)).margins(Self.rows)
      #expect(margins[..<2] == [100.5, 2])
      #expect(margins[2].bitPattern == expected.bitPattern)
    }
  }

  @Test("Members count by their weights")
  func weights() throws {
    let members = [
      Combination.Member(try Self.forest(feature: 0, 1, 2), reading: .margins, weight: 1),
      Combination.Member(try Self.forest(feature: 1, 10, 30), reading: .margins, weight: 3),
    ]
    func margins(_ rule: Combination.Rule) throws -> [Float] {
      try EnsembleEngine(
        .combination(
          Combination(
            featureCount: 2, baseMargins: [1], members: members, rule: rule,
            objective: Self.regression))
      ).margins(Self.rows)
    }
    #expect(try margins(.sum) == [92, 93, 92])
    #expect(try margins(.mean) == [23.75, 24, 23.75])
    #expect(try margins(.median(weights: [1, 1])) == [1, 2, 1])
    #expect(try margins(.median(weights: [1, 3])) == [30, 30, 30])
  }

  @Test("Votes count classes, not how sure they are; a member may read other columns")
  func votes() throws {
    let swapped = try Preprocessing(columnCount: 2, stages: [.columns([.init(1), .init(0)])])
    let sure = try Self.forest(feature: 0, -9, 9, Self.binary)
    let unsure = try Self.forest(feature: 0, -0.1, 0.1, Self.binary)
    let combination = try Combination(
      featureCount: 2, baseMargins: [-0.5],
      members: [
        Combination.Member(sure, reading: .votes), Combination.Member(unsure, reading: .votes),
        Combination.Member(unsure, preprocessing: swapped, reading: .votes),
      ], rule: .mean, objective: Objective(name: "votes", task: .binary, link: .identity))
    let values = EnsembleEngine(.combination(combination)).predictions(Self.rows)
    #expect(combination.objective.classes(of: values, outputCount: 1) == [0, 1, 0])
  }

  @Test("Probabilities become the margins that they stand for")
  func logarithms() throws {
    let margins = ProbabilityMargins.margins(of: [0.5], bound: 1e-7, isCentered: false)
    #expect(margins == [0])
    #expect(
      ProbabilityMargins.margins(of: [1, 1], bound: 0.25, isCentered: true) == [0, 0])
    let combination = try Combination(
      featureCount: 2, baseMargins: [0],
      members: [
        Combination.Member(
          try Self.forest(feature: 0, -2, 2, Self.binary),
          reading: .logarithms(bound: 1e-7, isCentered: false), weight: 0.5)
      ], rule: .sum, objective: Self.binary)
    let found = EnsembleEngine(.combination(combination)).margins(Self.rows)
    for (value, expected) in zip(found, [-1, 1, -1] as [Float]) {
      #expect(abs(value - expected) < 1e-5)
    }
  }

  @Test("What does not fit is refused")
  func faults() throws {
    let forest = try Self.forest(feature: 0, 1, 2)
    func combination(
      _ members: [Combination.Member], features: Int = 2, base: [Double] = [0],
      _ rule: Combination.Rule = .sum
    ) throws -> Combination {
      try Combination(
        featureCount: features, baseMargins: base, members: members, rule: rule,
        objective: Self.regression)
    }
    let member = Combination.Member(forest, reading: .margins)
    #expect(throws: EnsembleError.self) { try combination([]) }
    #expect(throws: EnsembleError.self) { try combination([member], features: 3) }
    #expect(throws: EnsembleError.self) { try combination([member], base: [0, 0]) }
    #expect(throws: EnsembleError.self) { try combination([member], .median(weights: [])) }
    #expect(throws: EnsembleError.self) {
      try combination([Combination.Member(forest, reading: .margins, weight: 0)], .mean)
    }
    var deep = forest
    #expect(throws: EnsembleError.self) {
      for _ in 0..<20 {
        deep = .combination(try combination([Combination.Member(deep, reading: .margins)]))
      }
    }
    #expect(throws: EnsembleError.self) {
      try LinearModel(
        featureCount: 2, weights: [1], biases: [0], objective: Self.regression, isFloat32: true,
        skipsMissing: true)
    }
  }
}
