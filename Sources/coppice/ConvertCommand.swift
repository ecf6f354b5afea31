import ArgumentParser
import ModelFormats

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `coppice convert`: any model that XGBoost's format can say, as today's XGBoost reads it.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a model as today's XGBoost reads it.",
    usage: "coppice convert MODEL -o model.ubj",
    discussion: """
      Rescues models that XGBoost itself no longer reads: its binary format, pickles of old \
      versions; and gradient boosting of other libraries, as far as XGBoost's format can say it. \
      What it cannot say is refused by name. What is said otherwise (float64 leaves, which XGBoost \
      adds as float32) is told on stderr.

      Exit code 0; 1 when the model cannot be read, said or written; 64 when the command line is \
      wrong.
      """)

  @Argument(help: "A model file, or a folder with one file model.*.")
  var model: String

  @Option(
    name: .shortAndLong, help: "The file to write, ending in .ubj or .json; an old one is replaced."
  )
  var output: String

  func validate() throws {
    guard output.hasSuffix(".json") || output.hasSuffix(".ubj") else {
      throw ValidationError("--output must end in .json or .ubj, which choose the format.")
    }
  }

  func run() throws {
    let document = try XGBoostDocument(TreeModel.read(contentsOf: ModelPath(model).file))
    for remark in document.remarks {
      StandardError.print(remark)
    }
    let bytes = output.hasSuffix(".json") ? document.json() : document.ubjson()
    do {
      try Data(bytes).write(to: URL(filePath: output), options: .atomic)
    } catch {
      throw CommandError("\(output): the file cannot be written: \(error)")
    }
    print(output)
  }
}
