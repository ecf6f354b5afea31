import Foundation
import Training

/// Reads a CSV text, whose label is the column `y`.
func table(_ csv: String, label: String = "y") throws -> Table {
  try Table(csv: Data(csv.utf8), source: "data.csv", label: label)
}

extension DataSplit.Fractions {
  static let usual = DataSplit.Fractions(training: 0.7, validation: 0.1, test: 0.2)!
}

/// Trains on a table as the command does.
func train(
  _ table: Table, objective: String? = nil, rounds: Int = 20, parameters: [String] = [],
  fractions: DataSplit.Fractions = .usual, seed: UInt64 = 7, earlyStoppingRounds: Int? = nil,
  library: String? = nil, report: (RoundReport) -> Void = { _ in }
) throws -> TrainedModel {
  let target = try Target(table, objective: objective)
  let split = DataSplit(classes: target.classes, fractions: fractions, seed: seed)
  let trainer = Trainer(
    library: try XGBoostLibrary.open(library), rounds: rounds,
    parameters: parameters.map { TrainingParameter($0)! }, seed: seed,
    earlyStoppingRounds: earlyStoppingRounds)
  return try trainer.train(table, target: target, split: split, report: report)
}

/// The parts of XGBoost's JSON that the tests look at.
struct ModelFile: Decodable {
  struct Learner: Decodable {
    struct Booster: Decodable { let model: Model }
    struct Model: Decodable {
      let trees: [Tree]
    }
    struct Tree: Decodable { let categories: [Int] }
    let feature_names: [String]
    let feature_types: [String]
    let gradient_booster: Booster
  }
  let learner: Learner

  init(_ model: TrainedModel) throws {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true  // XGBoost writes NaN where a category decides.
    self = try decoder.decode(Self.self, from: Data(model.json))
  }

  var trees: [Learner.Tree] { learner.gradient_booster.model.trees }
}

/// Two classes that overlap, so that a forest soon learns noise.
func noisyTable(rows: Int = 400) throws -> Table {
  var generator = SplitMix64(seed: 1)
  func uniform() -> Double { Double(generator.next() >> 11) / Double(1 << 53) }
  var csv = "a,b,c,y\n"
  for _ in 0..<rows {
    let a = uniform()
    let isHigh = a + 0.8 * (uniform() - 0.5) > 0.5
    csv += "\(a),\(uniform()),\(uniform()),\(isHigh ? "high" : "low")\n"
  }
  return try table(csv)
}

/// A number that follows from a colour and a size, with gaps.
func colouredTable() throws -> Table {
  let colours = ["red": 3.0, "green": 5.5, "\"dark, blue\"": 1, "": 2]
  let sorted = colours.sorted { $0.key < $1.key }
  var csv = "colour,size,y\r\n"
  for index in 0..<240 {
    let (colour, base) = sorted[index % 4]
    let size = index % 7 == 0 ? "NA" : "\(index % 5)"
    csv += "\(colour),\(size),\(base + 0.1 * Double(index % 5))\r\n"
  }
  return try table(csv)
}
