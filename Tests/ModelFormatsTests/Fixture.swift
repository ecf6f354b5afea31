import Forest
import Foundation
import Testing

@testable import ModelFormats

/// A model that a real library saved, and that library's own answers for some rows.
struct Fixture: Sendable, CustomTestStringConvertible {
  /// The folder of the version and the name, such as `xgboost/1.7.6/iris-softprob`.
  let name: String

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures").resolvingSymlinksInPath()

  /// The XGBoost fixtures of every version.
  static let all = files(endingIn: ".expected.json").filter { $0.hasPrefix("xgboost/") }.map {
    Fixture(name: String($0.dropLast(".expected.json".count)))
  }

  /// The paths below the folder, in order.
  static func files(endingIn suffix: String) -> [String] {
    let paths = FileManager.default.enumerator(atPath: folder.path)!
    return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.sorted()
  }

  /// The endings of the model files that belong to the fixture.
  var formats: [String] {
    ["json", "ubj", "bin"].filter { FileManager.default.fileExists(atPath: path($0)) }
  }

  func path(_ ending: String) -> String {
    Self.folder.appending(path: "\(name).\(ending)").path
  }

  func model(_ ending: String) throws -> TreeModel {
    try TreeModel.read(contentsOf: path(ending))
  }

  func model() throws -> TreeModel { try model(formats[0]) }

  func bytes(_ ending: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path(ending))))
  }

  func expected() throws -> Expected {
    let data = try Data(contentsOf: URL(filePath: path("expected.json")))
    return try JSONDecoder().decode(Expected.self, from: data)
  }

  /// What the library answered; all numbers are the bits of float32, row after row.
  struct Expected: Decodable {
    let library: String
    let columns: Int
    let outputs: Int
    let rows: [UInt32]
    let margins: [UInt32]
    let predictions: [UInt32]
    let leaves: [Int32]?
    let rounds: Int?
    let firstMargins: [UInt32]?
    let bestIteration: Int?
    let categories: [[String]?]?

    var matrix: Matrix {
      Matrix(
        rowCount: rows.count / columns, columnCount: columns,
        values: rows.map(Float.init(bitPattern:)))
    }
  }
}
