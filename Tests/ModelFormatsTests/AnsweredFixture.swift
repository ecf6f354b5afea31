import Forest
import Foundation
import Testing

@testable import ModelFormats

/// A model that a library saved, and its own answers in float64 for some rows: CatBoost, ONNX.
struct AnsweredFixture: Sendable, CustomTestStringConvertible {
  /// The folders and the name, such as `catboost/1.2.10/binary`.
  let name: String
  /// The ending of the model file.
  let ending: String

  var testDescription: String { "\(name).\(ending)" }

  /// The fixtures below a folder, with each of these endings that they have.
  static func all(_ folder: String, endings: [String]) -> [AnsweredFixture] {
    Fixture.files(endingIn: ".expected.json").filter { $0.hasPrefix(folder + "/") }.flatMap {
      path in
      endings.map {
        AnsweredFixture(name: String(path.dropLast(".expected.json".count)), ending: $0)
      }.filter { FileManager.default.fileExists(atPath: $0.path($0.ending)) }
    }
  }

  func path(_ ending: String) -> String {
    Fixture.folder.appending(path: "\(name).\(ending)").path
  }

  func bytes() throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path(ending))))
  }

  func model() throws -> TreeModel { try TreeModel.read(contentsOf: path(ending)) }

  func expected() throws -> Expected {
    let data = try Data(contentsOf: URL(filePath: path("expected.json")))
    return try JSONDecoder().decode(Expected.self, from: data)
  }

  /// What the library answered: rows as the bits of float32, answers in float64.
  struct Expected: Decodable {
    let library: String
    let columns: Int
    let outputs: Int
    let rows: [UInt32]
    /// The texts of a column, by its number.
    let texts: [String: [String]]?
    let margins: [Double]?
    let predictions: [Double]?
    let probabilities: [Double]?
    let classes: [String]?
    let names: [String]?

    /// The rows, with the codes that the features have for texts.
    func matrix(_ features: [Feature]) throws -> Matrix {
      var values = rows.map(Float.init(bitPattern:))
      for (column, texts) in texts ?? [:] {
        let column = try #require(Int(column))
        for (row, text) in texts.enumerated() {
          values[row * columns + column] = Float(
            try #require(features[column].code(ofCategory: text)))
        }
      }
      return Matrix(rowCount: rows.count / columns, columnCount: columns, values: values)
    }
  }
}

/// Checks that values are those that a library gave, to a share of their size or, below 1, of 1.
func expectSame(
  _ values: [Float], _ wanted: [Double], tolerance: Double, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(values.count == wanted.count, comment, sourceLocation: sourceLocation)
  for (index, (value, wanted)) in zip(values, wanted).enumerated() {
    let value = Double(value)
    guard value != wanted, !(value.isNaN && wanted.isNaN) else { continue }
    let isSame = abs(value - wanted) <= tolerance * max(wanted.magnitude, 1)
    #expect(isSame, "value \(index): \(value), not \(wanted)", sourceLocation: sourceLocation)
    if !isSame { return }
  }
}
