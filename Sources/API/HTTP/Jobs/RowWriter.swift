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
    let probabilities = prediction.values[.probabilities]
    let values = answer.values(prediction)
    let isClass = answer.model.task.isClassification
    // A class is written in the same way in every row: the texts of classes, and where each begins.
    var classes: [UInt8] = []
    var places = [0]
    var text: [UInt8] = []
    text.reserveCapacity(values.count * 16)
    for (row, value) in values.enumerated() {
      if isClass, let number = Int(exactly: value), 0..<1024 ~= number {
        while number + 1 >= places.count {
          classes += cells(Float(places.count - 1)).utf8
          places.append(classes.count)
        }
        for place in places[number]..<places[number + 1] { text.append(classes[place]) }
      } else {
        text += cells(value).utf8
      }
      if let probabilities {
        for probability in probabilities[row: row] {
          text.append(UInt8(ascii: ","))
          if probability.isFinite { text += probability.description.utf8 }
        }
      }
      text.append(UInt8(ascii: "\r"))
      text.append(UInt8(ascii: "\n"))
    }
    return ByteBuffer(bytes: text)
  }

  /// What is predicted, as one or two cells.
  private func cells(_ value: Float) -> String {
    guard let number = answer.classNumber(value) else {
      return value.isFinite ? value.description : ""
    }
    return (answer.hasNames ? (answer.label(number) ?? "").csvQuoted + "," : "") + String(number)
  }
}

extension String {
  /// The text as a cell of CSV.
  fileprivate var csvQuoted: String {
    guard utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return self }
    return "\"" + replacing("\"", with: "\"\"") + "\""
  }
}
