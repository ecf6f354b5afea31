import Forest
import Foundation
import Testing

@testable import ModelFormats

/// A model that LightGBM saved, and its own answers for some rows.
struct LightGBMFixture: Sendable, CustomTestStringConvertible {
  /// The version and the name, such as `4.7.0/binary`.
  let name: String

  var testDescription: String { name }

  /// The fixtures of every version.
  static let all = Fixture.files(endingIn: ".expected.json").filter { $0.hasPrefix("lightgbm/") }
    .map { LightGBMFixture(name: String($0.dropFirst(9).dropLast(".expected.json".count))) }

  /// Those that have a dump as well.
  static let dumped = all.filter { FileManager.default.fileExists(atPath: $0.path("dump.json")) }

  func path(_ ending: String) -> String {
    Fixture.folder.appending(path: "lightgbm/\(name).\(ending)").path
  }

  func bytes(_ ending: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path(ending))))
  }

  func model(_ ending: String = "txt") throws -> TreeModel {
    try TreeModel.read(contentsOf: path(ending))
  }

  func expected() throws -> Expected {
    let data = try Data(contentsOf: URL(filePath: path("expected.json")))
    return try JSONDecoder().decode(Expected.self, from: data)
  }

  /// What LightGBM answered: rows as the bits of float32, answers in float64.
  struct Expected: Decodable {
    let columns: Int
    let outputs: Int
    let rows: [UInt32]
    let margins: [Double]
    let predictions: [Double]
    let task: ModelTask?
    let trees: Int?
    let names: [String]?
    let types: [Feature.Kind]?
    let categories: [[String]?]?

    var matrix: Matrix {
      Matrix(
        rowCount: rows.count / columns, columnCount: columns,
        values: rows.map(Float.init(bitPattern:)))
    }
  }
}
