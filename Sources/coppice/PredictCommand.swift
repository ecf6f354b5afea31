import API
import ArgumentParser
import Forest
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `coppice predict`: predictions for a table, without a server.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the rows of a table.",
    usage: "coppice predict MODEL rows.csv|rows.json|- [--what proba] [--output csv|json]",
    discussion: """
      ROWS is CSV or JSON, told by its first character; - is stdin. The first line of CSV names the \
      columns, in any order, or it is a row itself and the columns are the features in order. JSON \
      is rows, one after another as in NDJSON, or in one array; a row is an array of values or an \
      object of them by name. Empty cells and null are missing values.

      Predictions go to stdout as rows are read, a line a row: CSV with a header, or JSON objects. \
      Memory does not grow with the table.

      Exit code 0; 1 when something cannot be read, with the line and the reason on stderr; 64 when \
      the command line is wrong.
      """)

  /// What there is to tell of a row.
  enum What: String, CaseIterable, ExpressibleByArgument {
    case predict, proba, margin, leaf, contributions

    var output: Output {
      switch self {
      case .predict: .predict
      case .proba: .probabilities
      case .margin: .margin
      case .leaf: .leaves
      case .contributions: .contributions
      }
    }
  }

  enum Form: String, CaseIterable, ExpressibleByArgument {
    case csv, json
  }

  enum Header: String, CaseIterable, ExpressibleByArgument {
    case auto, yes, no
  }

  @Argument(help: "A model file, or a folder with one file model.*.")
  var model: String

  @Argument(help: "A file of CSV or JSON; - for stdin.")
  var rows: String

  @Option(
    help: """
      What to tell of each row: what the model's own library predicts, a probability a class, the \
      raw margin, the leaf of each tree, or how much each feature moved the margin. May be given \
      several times.
      """)
  var what: [What] = [.predict]

  @Option(help: "How to write predictions: as the rows are written, unless given.")
  var output: Form?

  @Option(help: "Whether the first line of CSV names the columns.")
  var header: Header = .auto

  func run() throws {
    let path = try ModelPath(model)
    let name = path.file.split(separator: "/").last.map(String.init) ?? path.file
    let model = try Model(
      id: ModelID(name: name, version: "1"), file: path.file,
      manifest: path.manifest ?? Manifest())
    for what in what where !model.outputs.contains(what.output) {
      let others = What.allCases.filter { model.outputs.contains($0.output) }.map(\.rawValue)
      throw CommandError(
        "\(self.model): this model has no \(what.rawValue), only "
          + others.joined(separator: ", "))
    }
    let file = try InputFile(rows)
    var stream = RowStream(model: model, hasHeader: header == .auto ? nil : header == .yes)
    var table: PredictionTable?
    func predict(_ pieces: [Matrix]) throws {
      for piece in pieces {
        if table == nil {
          table = PredictionTable(
            model: model, outputs: what.map(\.output),
            form: RowStream.Form(rawValue: output?.rawValue ?? "") ?? stream.form ?? .csv)
          try StandardOutput.write(table?.header ?? "")
        }
        if let table { try write(piece, model, table) }
      }
    }
    do {
      while let bytes = try file.next() { try predict(stream.read(bytes)) }
      try predict(stream.finish())
    } catch let error as RowStreamError {
      throw CommandError("\(rows): \(error)")
    }
  }

  /// Predicts a piece, in parts where each row has very many values.
  private func write(_ rows: Matrix, _ model: Model, _ table: PredictionTable) throws {
    let size = max(1, (1 << 20) / max(1, table.width))
    for start in stride(from: 0, to: rows.rowCount, by: size) {
      let end = min(start + size, rows.rowCount)
      let part = Matrix(
        rowCount: end - start, columnCount: rows.columnCount,
        values: Array(rows.values[start * rows.columnCount..<end * rows.columnCount]))
      try StandardOutput.write(table.lines(model.predict(part, outputs: table.outputs)))
    }
  }
}
