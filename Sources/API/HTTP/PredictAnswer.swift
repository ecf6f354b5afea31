import Forest
import JSON
import NIOCore
import Serving

/// The answer of `POST /api/predict`, as JSON: an object, or for a list of rows a list of objects.
struct PredictAnswer {
  let model: Model
  let isSingleRow: Bool
  var warnings = RowWarnings()
  /// How many features to name that moved each prediction most.
  var reasonCount = 0

  /// The JSON text.
  func encode(_ prediction: Prediction) throws -> ByteBuffer {
    guard let predictions = prediction.values[model.answer] else {
      throw PredictionError(.internal, "the predictor left out \(model.answer.rawValue)")
    }
    var text = isSingleRow ? "" : "["
    for row in 0..<predictions.rowCount {
      if row > 0 { text += "," }
      write(predictions[row: row].first ?? .nan, prediction, row: row, to: &text)
    }
    if !isSingleRow { text += "]" }
    return ByteBuffer(string: text)
  }

  func write(_ value: Float, _ prediction: Prediction, row: Int, to text: inout String) {
    text += "{"
    let width = prediction.values[model.answer]?.columnCount ?? 1
    if model.task.isClassification, let number = Int(exactly: value) {
      if let label = label(number) { text += "\"name\":\(label.jsonQuoted)," }
      text += "\"prediction\":\(number)"
    } else if width > 1, let values = prediction.values[model.answer]?[row: row] {
      text += "\"prediction\":[\(values.map(\.jsonNumber).joined(separator: ","))]"
    } else {
      text += "\"prediction\":\(value.jsonNumber)"
    }
    if let probabilities = prediction.values[.probabilities] {
      text += ",\"probabilities\":{"
      for (index, probability) in probabilities[row: row].enumerated() {
        let key = (label(index) ?? String(index)).jsonQuoted
        text += "\(index > 0 ? "," : "")\(key):\(probability.jsonNumber)"
      }
      text += "}"
    }
    if reasonCount > 0, let contributions = prediction.values[.contributions] {
      // Of several margins, that of the predicted class.
      let margin = model.outputCount > 1 && width == 1 ? Int(exactly: value) ?? 0 : 0
      text += ",\"reasons\":"
      text += RowExplanation(model: model)
        .reasons(contributions[row: row], margin: margin, count: reasonCount)
    }
    if warnings.count > 0, case let texts = warnings.texts(row: row), !texts.isEmpty {
      text += ",\"warnings\":\(texts.json)"
    }
    text += "}"
  }

  func label(_ number: Int) -> String? { model.label(Float(number)) }
}

extension Model {
  /// What people ask for: the class of a classifier, otherwise what its library predicts.
  var answer: Output { task.isClassification ? .classNumber : .predict }
}
