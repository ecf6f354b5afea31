import Forest
import NIOCore
import Serving

/// What results of many rows need of an answer.
extension PredictAnswer {
  /// Whether the classes have names.
  var hasNames: Bool { model.task.isClassification && model.labels != nil }

  /// What is predicted for each row.
  func values(_ prediction: Prediction) -> [Float] {
    guard let values = prediction.values[model.answer] else { return [] }
    if values.columnCount == 1 { return values.values }
    return (0..<values.rowCount).map { values[row: $0].first ?? .nan }
  }

  /// The number of a class, if that is what the value is.
  func classNumber(_ value: Float) -> Int? {
    model.task.isClassification ? Int(exactly: value) : nil
  }

  /// A line of JSON a row.
  func lines(_ prediction: Prediction) -> ByteBuffer {
    var text = ""
    for (row, value) in values(prediction).enumerated() {
      write(value, prediction, row: row, to: &text)
      text += "\n"
    }
    return ByteBuffer(string: text)
  }
}
