import ArgumentParser
import Forest
import ModelFormats
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `coppice verify`: whether a model answers what it should.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that a model gives recorded predictions.",
    usage: "coppice verify MODEL [--against FILE.json] [--tolerance 1e-6]",
    discussion: """
      FILE holds what the model's own library answered:

        {"rows": [[5.9, 3.2, null, 1.8], …], "predictions": [[0.01, 0.95, 0.04], …]}

      A row is an array of one number a column, null where it is missing. "predictions" are the \
      library's transformed predictions, one number a row or an array of them; "margins", in the \
      same shape, are the raw ones. Either may be left out. Without --against, the examples in the \
      manifest beside the model are checked.

      The result goes to stdout. Exit code 0 when all predictions agree; 1 when one does not, or \
      something cannot be read; 64 when the command line is wrong.
      """)

  @Argument(help: "A model file, or a folder with one file model.*.")
  var model: String

  @Option(help: "A JSON file of rows and predictions.")
  var against: String?

  @Option(
    help: "The largest difference from an expected value, relative to it where it is above 1.")
  var tolerance: Float = 1e-6

  func validate() throws {
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--tolerance must be a number from 0 on.")
    }
  }

  func run() throws {
    let path = try ModelPath(model)
    let recorded: RecordedPredictions
    if let against {
      recorded = try RecordedPredictions(contentsOf: against)
    } else {
      let examples = path.manifest?.examples ?? []
      guard !examples.isEmpty else {
        throw CommandError(
          "\(model): there are no examples in a manifest beside it; "
            + "name a file of rows and predictions with --against")
      }
      recorded = RecordedPredictions(
        rows: examples.map(\.row), predictions: examples.map { .init(values: $0.prediction) },
        margins: nil)
    }
    let tree = try TreeModel.read(contentsOf: path.file)
    let worst = try recorded.largestDifference(from: tree, of: against ?? "the manifest")
    print("\(recorded.rows.count) rows, largest difference \(worst.difference)")
    guard worst.difference <= tolerance else {
      throw CommandError("\(model): \(worst.place)")
    }
  }
}
