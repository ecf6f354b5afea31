import Forest
import JSON
import NIOCore
import Serving

/// The answer of `POST /api/predict`, as JSON: an object, or for a list of rows a list of objects.
struct PredictAnswer {
  let model: Model
  let isSingleRow: Bool

  /// The JSON text.
  func encode(_ prediction: Prediction) -> ByteBuffer {
    guard let predictions = prediction.values[model.answer] else { return ByteBuffer() }
    var text = isSingleRow ? "" : "["
    for row in 0..<predictions.rowCount {
      if row > 0 { text += "," }
      write(predictions[row: row].first ?? .nan, prediction, row: row, to: &text)
    }
    if !isSingleRow { text += "]" }
    return ByteBuffer(string: text)
  }

  private func write(_ value: Float, _ prediction: Prediction, row: Int, to text: inout String) {
    text += "{"
    if model.task.isClassification, let number = Int(exactly: value) {
      if let label = label(number) { text += "\"name\":\(label.jsonQuoted)," }
      text += "\"prediction\":\(number)"
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
    text += "}"
  }

  private func label(_ number: Int) -> String? {
    guard let labels = model.labels, labels.indices.contains(number) else { return nil }
    return labels[number]
  }
}

extension Model {
  /// What people ask for: the class of a classifier, otherwise what its library predicts.
  var answer: Output { task.isClassification ? .classNumber : .predict }
}
