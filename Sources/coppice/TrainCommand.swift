import ArgumentParser
import Forest
import Serving
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `coppice train`: a table in, a new version of a model out.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model with XGBoost's own library.",
    usage: """
      coppice train iris --output models/iris
      coppice train --data FILE.csv --label COLUMN --output models/NAME [OPTION ...]
      """,
    discussion: """
      Writes OUTPUT/VERSION/ with the model and a manifest, under the next free version number.

      The rows are divided into three parts: the model is trained on the first, watched on the \
      second after every round, and judged once on the third. The counts, the accuracy (the root \
      of the mean squared error for numbers) and the folder go to stdout, the progress to stderr.

      In the CSV file, the first line names the columns. A cell that is empty, NA, N/A, NaN, \
      null, None or ? is missing. A column with texts in it becomes a categorical feature.
      """)

  @Argument(help: "A table that ships with coppice: iris.")
  var table: BundledTable?

  @Option(help: "A CSV file to train on instead.")
  var data: String?

  @Option(help: "The name of the column that is to be predicted.")
  var label: String?

  @Option(help: "The model's folder, REPOSITORY/NAME.")
  var output: String

  @Option(
    help: """
      XGBoost's objective, such as reg:squarederror. By default it follows from the label: \
      texts and up to 20 different whole numbers are classes, other numbers are predicted as such.
      """)
  var objective: String?

  @Option(help: "The number of boosting rounds.")
  var rounds = 100

  @Option(
    help: ArgumentHelp(
      """
      A parameter that is passed to XGBoost unchanged, such as max_depth=4; can be repeated. \
      nthread is 1 unless given here or the table has a million values.
      """, valueName: "key=value"))
  var param: [TrainingParameter] = []

  @Option(
    help: ArgumentHelp(
      "The fractions for training, validation and test; the last two may be 0.",
      valueName: "fractions"))
  var split = DataSplit.Fractions(training: 0.7, validation: 0.1, test: 0.2)!

  @Option(help: "The seed of the split and of XGBoost.")
  var seed: UInt64 = 7

  @Option(
    help: ArgumentHelp(
      """
      Stop after so many rounds in which the validation metric got no better, and keep the best \
      round's model.
      """, valueName: "rounds"))
  var earlyStoppingRounds: Int?

  @Option(
    help: ArgumentHelp(
      "XGBoost's library, 1.7 or newer; by default the system's, or that of python3's package.",
      valueName: "path"))
  var xgboostLibrary: String?

  func validate() throws {
    switch (table, data) {
    case (nil, nil):
      throw ValidationError("Name a bundled table (iris) or a CSV file with --data.")
    case (_?, _?):
      throw ValidationError("A bundled table and --data exclude each other.")
    case (_?, nil) where label != nil:
      throw ValidationError("--label goes with --data; a bundled table knows its label.")
    case (nil, _?) where label == nil:
      throw ValidationError("--data needs --label, the column that is to be predicted.")
    default: break
    }
    if objective != nil, param.contains(where: { $0.name == "objective" }) {
      throw ValidationError("The objective is given twice, by --objective and by --param.")
    }
    for parameter in param where parameter.name != "eval_metric" {
      if param.count(where: { $0.name == parameter.name }) > 1 {
        throw ValidationError("The parameter \(parameter.name) is given twice.")
      }
    }
    guard (1...Trainer.maximumRounds).contains(rounds) else {
      throw ValidationError("--rounds must be 1 to \(Trainer.maximumRounds).")
    }
    if let earlyStoppingRounds {
      guard earlyStoppingRounds > 0 else {
        throw ValidationError("--early-stopping-rounds must be at least 1.")
      }
      guard split.values[1] > 0 else {
        throw ValidationError("--early-stopping-rounds needs a validation part; see --split.")
      }
    }
    _ = try OutputFolder(output)
  }

  func run() async throws {
    let destination = try OutputFolder(output)
    try destination.checkIsWritable()
    let library = try XGBoostLibrary.open(xgboostLibrary)
    let rows = try readTable()
    let target = try Target(
      rows, objective: objective ?? param.first { $0.name == "objective" }?.value)
    let parts = DataSplit(classes: target.classes, fractions: split, seed: seed)
    print(
      "\(rows.rowCount) rows: \(parts.training.count) for training,",
      "\(parts.validation.count) for validation, \(parts.test.count) for the test")

    var progress = ProgressBar.standardError()
    let trainer = Trainer(
      library: library, rounds: rounds, parameters: param, seed: seed,
      earlyStoppingRounds: earlyStoppingRounds)
    let model = try trainer.train(
      rows, target: target, split: parts, report: { progress.show($0) },
      warn: { progress.interrupt(with: "XGBoost: \($0)") })
    progress.finish()
    if model.rounds < rounds { print("stopped early: the model has \(model.rounds) rounds") }
    for (name, value) in model.metrics.sorted(by: { $0.key > $1.key }) {
      print("\(name.replacing("_", with: " ")): \(value.rounded(digits: 4))")
    }
    let manifest = Manifest(
      model, target: target, table: rows, split: parts, trainer: self, library: library)
    print(try destination.publish(model, manifest))
  }

  private func readTable() throws -> Table {
    if let table { return try table.table() }
    return try Table(csvFile: data ?? "", label: label ?? "")
  }
}
