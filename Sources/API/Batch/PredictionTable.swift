import Forest
import JSON
public import Serving

/// Writes the predictions of many rows as CSV with a header, or as a JSON object a line.
public struct PredictionTable {
  /// An output, and the names of its columns.
  private struct Part {
    let output: Output
    let key: String
    let columns: [String]
  }

  private let model: Model
  private let form: RowStream.Form
  private let parts: [Part]

  /// The outputs that a prediction must have.
  public var outputs: [Output] { parts.map(\.output) }

  /// The number of values of a row.
  public var width: Int { parts.reduce(0) { $0 + $1.columns.count } }

  /// - Parameter outputs: some of the model's, in the order of their columns.
  public init(model: Model, outputs: [Output], form: RowStream.Form) {
    self.model = model
    self.form = form
    parts = outputs.map { Self.part($0, of: model) }
  }

  /// The line above the rows; empty for JSON.
  public var header: String {
    guard form == .csv else { return "" }
    return parts.flatMap(\.columns).map(\.csvQuoted).joined(separator: ",") + "\n"
  }

  /// A line a row.
  public func lines(_ prediction: Prediction) -> String {
    var text = ""
    let matrices = parts.map { prediction.values[$0.output] }
    for row in 0..<(matrices.first??.rowCount ?? 0) {
      if form == .json { text += "{" }
      for (index, (part, matrix)) in zip(parts, matrices).enumerated() {
        if index > 0 { text += "," }
        let values = matrix?[row: row] ?? []
        if form == .csv {
          write(values, of: part.output, to: &text)
        } else {
          text += part.key.jsonQuoted + ":" + json(values, part)
        }
      }
      text += form == .json ? "}\n" : "\n"
    }
    return text
  }

  private func write(_ values: ArraySlice<Float>, of output: Output, to text: inout String) {
    for (index, value) in values.enumerated() {
      if index > 0 { text += "," }
      if output == .label {
        text += (model.label(value) ?? "").csvQuoted
      } else if value.isFinite {
        text += Self.number(value, output)
      }
    }
  }

  private func json(_ values: ArraySlice<Float>, _ part: Part) -> String {
    switch part.output {
    case .label: return model.label(values.first ?? .nan)?.jsonQuoted ?? "null"
    case .contributions:
      let explanation = RowExplanation(model: model)
      let margins = (0..<model.outputCount).map { explanation.json(values, margin: $0) }
      return model.outputCount == 1 ? margins[0] : "[\(margins.joined(separator: ","))]"
    case .probabilities:
      let members = values.enumerated().map { index, value in
        "\((model.label(Float(index)) ?? String(index)).jsonQuoted):\(value.jsonNumber)"
      }
      return "{\(members.joined(separator: ","))}"
    default:
      let numbers = values.map { $0.isFinite ? Self.number($0, part.output) : "null" }
      return model.shape(of: part.output).isEmpty
        ? numbers.first ?? "null" : "[\(numbers.joined(separator: ","))]"
    }
  }

  /// Whole numbers that are no quantities are written as such: 3, not 3.0.
  private static func number(_ value: Float, _ output: Output) -> String {
    guard output == .leaves || output == .classNumber, let number = Int(exactly: value) else {
      return value.description
    }
    return String(number)
  }

  private static func part(_ output: Output, of model: Model) -> Part {
    let outputs = (0..<model.outputCount).map { model.label(Float($0)) ?? String($0) }
    let isSingle = model.shape(of: output).isEmpty
    switch output {
    case .predict where model.predictsClass:
      // The class by its name, where it has one that is no number.
      let hasNames = model.labels?.contains { Float($0) == nil } ?? false
      let isWhole = model.predictsWholeNumbers && model.labels == nil
      return Part(
        output: hasNames ? .label : isWhole ? .classNumber : .predict, key: "prediction",
        columns: ["prediction"])
    case .predict:
      return Part(
        output: output, key: "prediction",
        columns: isSingle ? ["prediction"] : outputs.map { "prediction_" + $0 })
    case .classNumber: return Part(output: output, key: "class", columns: ["class"])
    case .label: return Part(output: output, key: "label", columns: ["label"])
    case .probabilities:
      return Part(
        output: output, key: "probabilities",
        columns: (0..<model.classCount).map {
          "probability_" + (model.label(Float($0)) ?? String($0))
        })
    case .margin:
      return Part(
        output: output, key: "margin",
        columns: isSingle ? ["margin"] : outputs.map { "margin_" + $0 })
    case .leaves:
      return Part(
        output: output, key: "leaves", columns: (0..<model.treeCount).map { "leaf_\($0)" })
    case .contributions:
      let names = model.features.map(\.name)
      let prefixes = model.outputCount == 1 ? [""] : outputs.map { $0 + "_" }
      return Part(
        output: output, key: "contributions",
        columns: prefixes.flatMap { prefix in
          names.map { "contribution_" + prefix + $0 } + ["expected_" + prefix + "margin"]
        })
    }
  }
}

extension String {
  /// The text as a cell of CSV.
  fileprivate var csvQuoted: String {
    guard utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return self }
    return "\"" + replacing("\"", with: "\"\"") + "\""
  }
}
