import Forest

/// What a name in the graph stands for, while the graph is read.
enum ONNXValue {
  /// Columns of a row.
  case columns(ONNXColumns)
  /// What is known without a row.
  case constant(ONNXConstant)
  /// What an ensemble says of a row: one number an output.
  case scores(ONNXScores)
  /// The class that an ensemble says.
  case label(ONNXScores)
  /// The answers of several ensembles, one on top of the other.
  case stack([ONNXScores])
  /// The sum of the answers of several ensembles for two classes, each `[1 - p, p]`.
  case total([ONNXScores])
  /// Whether the answers of an ensemble are above a number.
  case above(ONNXScores, Float)

  /// What it is, for messages.
  var name: String {
    switch self {
    case .columns: "columns of the input"
    case .constant: "a constant"
    case .scores: "the answers of an ensemble"
    case .label: "the class that an ensemble says"
    case .stack, .total: "the answers of several ensembles"
    case .above: "whether the answers of an ensemble are above a number"
    }
  }
}

/// Columns of a row, each made of one column of the input by steps on its value.
struct ONNXColumns: Equatable {
  /// The types of values that are told apart.
  enum Kind {
    case float, double, integer, text
  }

  /// The whole stages that lie before: the columns are made of what comes out of them.
  var stages: [Preprocessing.Stage] = []
  var columns: [Preprocessing.Column]
  var kind: Kind

  var count: Int { columns.count }

  /// The columns with more steps each.
  func adding(
    kind: Kind, _ operations: (Int) throws -> [ColumnOperation]
  ) rethrows -> ONNXColumns {
    ONNXColumns(
      stages: stages,
      columns: try columns.enumerated().map {
        Preprocessing.Column($1.source, $1.operations + (try operations($0)))
      }, kind: kind)
  }

  /// What makes these columns of others; nil if they are the same.
  func preprocessing(of input: ONNXColumns) throws -> Preprocessing? {
    let preprocessing = try Preprocessing(
      columnCount: input.count, stages: stages + [.columns(columns)])
    return preprocessing.isIdentity ? nil : preprocessing
  }

  /// The columns at these positions.
  func selecting(_ positions: [Int]) throws -> ONNXColumns {
    guard positions.allSatisfy(columns.indices.contains) else {
      throw ModelFormatError(.malformed, "a column is chosen that does not exist")
    }
    return ONNXColumns(stages: stages, columns: positions.map { columns[$0] }, kind: kind)
  }
}

/// What an ensemble says of a row, and what became of it.
struct ONNXScores {
  /// Where the numbers come from.
  indirect enum Source {
    case trees([Tree], outputCount: Int, Summation)
    /// Weights, a row of one an output for each feature, and biases.
    case linear(weights: [Double], biases: [Double])
    /// The sum of the numbers of several, or the mean.
    case several([ONNXScores], isMean: Bool)
    /// The least or the largest of what the trees say, each for an output of its own, and a base.
    case choice([Tree], Combination.Rule, base: Double, Summation)
  }

  /// What the ensemble reads.
  var columns: ONNXColumns
  var source: Source
  /// The name of the operator, which becomes that of the objective.
  var name: String
  var task: ModelTask
  /// The steps after the sums.
  var steps: [Float32Step] = []
  /// Whether the sums are probabilities as they are.
  var areProbabilities = false
  /// The prediction above which a row is of class 1.
  var threshold: Float?
  /// The classes that the label output names.
  var labels: ClassLabels?
  /// Whether this is 1 minus the numbers.
  var isComplement = false
  /// The number of nodes, or weights, in it; of several ensembles together.
  var nodeCount = 0

  /// The number of margins.
  var outputCount: Int {
    switch source {
    case .trees(_, let count, _): count
    case .linear(_, let biases): biases.count
    case .several(let members, _): members.first?.outputCount ?? 0
    case .choice: 1
    }
  }

  /// The number of values that the graph has of a row: for two classes there are two, of which the
  /// ensemble makes one.
  var width: Int { task == .binary ? 2 : outputCount }

  /// Whether the two values of two classes are each other's opposite, not `[1 - p, p]`.
  var isAntisymmetric: Bool {
    task == .binary && !areProbabilities && steps.last?.givesProbabilities != true
  }

  /// The same with one more step.
  func adding(_ step: Float32Step) -> ONNXScores {
    var scores = self
    scores.steps.append(step)
    return scores
  }

  /// What the numbers mean.
  var objective: Objective {
    let link: Link =
      !steps.isEmpty ? .steps(steps) : areProbabilities ? .float64(.probability) : .identity
    return Objective(name: name, task: task, link: link, threshold: threshold)
  }

  /// Makes the ensemble, which reads ``columns``.
  func ensemble() throws -> Ensemble {
    switch source {
    case .trees(let trees, let outputCount, let summation):
      do {
        return .forest(
          try Forest(
            featureCount: columns.count, baseMargins: [Float](repeating: 0, count: outputCount),
            trees: trees, objective: objective, summation: summation))
      } catch {
        throw ModelFormatError(
          .malformed, error.node.map { "node \($0): " + error.message } ?? error.message
        ).inside(error.tree.map { "tree \($0)" } ?? "trees")
      }
    case .choice(let trees, let rule, let base, let summation):
      let all = ONNXScores(
        columns: columns, source: .trees(trees, outputCount: trees.count, summation), name: name,
        task: .regression)
      return .combination(
        try Combination(
          featureCount: columns.count, baseMargins: [base],
          members: [Combination.Member(try all.ensemble(), reading: .margins)], rule: rule,
          objective: objective))
    case .linear(let weights, let biases):
      return .linear(
        try LinearModel(
          featureCount: columns.count, weights: weights, biases: biases, objective: objective,
          isFloat32: true, skipsMissing: false))
    case .several(let scores, let isMean):
      let reading: Combination.Reading =
        isMean || scores.contains { !$0.steps.isEmpty } ? .predictions : .margins
      var members: [Combination.Member] = []
      for member in scores {
        members.append(
          Combination.Member(
            try member.ensemble(), preprocessing: try member.columns.preprocessing(of: columns),
            reading: reading))
      }
      return .combination(
        try Combination(
          featureCount: columns.count, baseMargins: [Double](repeating: 0, count: outputCount),
          members: members, rule: isMean ? .mean : .sum, objective: objective))
    }
  }
}
