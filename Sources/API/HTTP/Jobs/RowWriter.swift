import Forest
import JSON
import NIOCore
import Serving

/// Writes predictions of many rows, as lines of JSON or as CSV.
struct RowWriter {
  let answer: PredictAnswer
  let form: JobContext.Form

  /// The line above the rows, if there is one.
  func header(for prediction: Prediction) -> ByteBuffer {
    guard form == .csv else { return ByteBuffer() }
    var columns = answer.hasNames ? ["name", "prediction"] : ["prediction"]
    if let probabilities = prediction.values[.probabilities] {
      columns += (0..<probabilities.columnCount).map {
        "probability_" + (answer.label($0) ?? String($0))
      }
    }
    return ByteBuffer(string: columns.map(\.csvQuoted).joined(separator: ",") + "\r\n")
  }

  /// The rows of a piece.
  func rows(_ prediction: Prediction) -> ByteBuffer {
    guard form == .csv else { return answer.lines(prediction) }
    let values = answer.values(prediction)
    let probabilities = prediction.values[.probabilities]
    var text = ""
    for (row, value) in values.enumerated() {
      if let number = answer.classNumber(value) {
        if answer.hasNames { text += (answer.label(number) ?? "").csvQuoted + "," }
        text += String(number)
      } else {
        text += value.isFinite ? value.description : ""
      }
      if let probabilities {
        for probability in probabilities[row: row] {
          text += "," + (probability.isFinite ? probability.description : "")
        }
      }
      text += "\r\n"
    }
    return ByteBuffer(string: text)
  }
}

extension String {
  /// The text as a cell of CSV.
  fileprivate var csvQuoted: String {
    guard utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return self }
    return "\"" + replacing("\"", with: "\"\"") + "\""
  }
}
