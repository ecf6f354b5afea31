import Forest
import ModelFormats

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Rows, and what a model's own library answered for them.
struct RecordedPredictions: Decodable {
  /// The answer for a row: a number, or an array of them.
  struct Answer: Decodable {
    var values: [Float]

    init(values: [Float]) {
      self.values = values
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Float.self) {
        values = [value]
      } else {
        values = try container.decode([Float].self)
      }
    }
  }

  /// One value a column, nil where it is missing.
  var rows: [[Float?]]
  var predictions: [Answer]?
  var margins: [Answer]?

  init(rows: [[Float?]], predictions: [Answer]?, margins: [Answer]?) {
    self.rows = rows
    self.predictions = predictions
    self.margins = margins
  }

  init(contentsOf path: String) throws {
    let file = try InputFile(path)
    var bytes = Data()
    while let part = try file.next() { bytes += part }
    do {
      self = try JSONDecoder().decode(Self.self, from: bytes)
    } catch {
      throw CommandError("\(path): it does not hold rows and predictions: \(Self.text(of: error))")
    }
    guard predictions != nil || margins != nil else {
      throw CommandError("\(path): it holds neither \"predictions\" nor \"margins\"")
    }
  }

  /// What is wrong with JSON, and where.
  private static func text(of error: any Error) -> String {
    let context: DecodingError.Context
    switch error {
    case DecodingError.typeMismatch(_, let found), DecodingError.valueNotFound(_, let found),
      DecodingError.dataCorrupted(let found):
      context = found
    case DecodingError.keyNotFound(let key, _): return "there is no \"\(key.stringValue)\""
    default: return "\(error)"
    }
    let place = context.codingPath.reduce("") { path, key in
      path + (key.intValue.map { "[\($0)]" } ?? key.stringValue)
    }
    return place.isEmpty
      ? "it is not JSON, or no object" : "\(place) is not a number, or of another shape"
  }

  /// Predicts the rows and returns the largest difference, relative where a value is above 1.
  ///
  /// - Parameter source: where the rows are from, for messages.
  func largestDifference(
    from model: TreeModel, of source: String
  ) throws -> (difference: Float, place: String) {
    let count = model.features.count
    if let row = rows.firstIndex(where: { $0.count != count }) {
      throw CommandError(
        "\(source): row \(row) has \(rows[row].count) values, but the model has \(count) features")
    }
    let engine = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing)
    let matrix = Matrix(
      rowCount: rows.count, columnCount: count, values: rows.flatMap { $0.map { $0 ?? .nan } })
    var worst: (difference: Float, place: String) = (0, "")
    if let margins {
      try compare(engine.margins(matrix), margins, "margins", of: source, &worst)
    }
    if let predictions {
      var values = engine.predictions(matrix)
      if model.objective.task == .binary, predictions.first?.values.count == 2 {
        values = values.flatMap { [1 - $0, $0] }
      }
      try compare(values, predictions, "predictions", of: source, &worst)
    }
    return worst
  }

  private func compare(
    _ values: [Float], _ expected: [Answer], _ name: String, of source: String,
    _ worst: inout (difference: Float, place: String)
  ) throws {
    guard expected.count == rows.count else {
      throw CommandError("\(source): there are \(rows.count) rows, but \(expected.count) \(name)")
    }
    let width = rows.isEmpty ? 0 : values.count / rows.count
    for (row, answer) in expected.enumerated() {
      guard answer.values.count == width else {
        throw CommandError(
          "\(source): \(name)[\(row)] has \(answer.values.count) values, "
            + "but the model gives \(width)")
      }
      for (output, wanted) in answer.values.enumerated() {
        let found = values[row * width + output]
        let difference = found == wanted ? 0 : abs(found - wanted) / max(1, abs(wanted))
        // A number that is none differs as much as can be.
        guard !(difference <= worst.difference) else { continue }
        worst = (
          difference.isNaN ? .infinity : difference,
          "row \(row), output \(output): expected \(wanted) in the \(name), got \(found)"
        )
      }
    }
  }
}
