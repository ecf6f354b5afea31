import Forest
import Foundation
import Testing

@testable import ModelFormats

/// A model that was pickled, and what the object in the pickle answered.
struct PickleFixture: Sendable, CustomTestStringConvertible {
  /// The path below the fixtures, such as `pickle/xgboost-1.7.6/tutorial.pkl`.
  let path: String

  var testDescription: String { path }
  var file: String { Fixture.folder.appending(path: path).path }

  /// Every pickle with answers.
  static let all = Fixture.files(endingIn: ".answers.json").flatMap { answers in
    [".pkl", ".joblib"].map { PickleFixture(path: answers.dropLast(13) + $0) }
      .filter { FileManager.default.fileExists(atPath: $0.file) }
  }

  /// One of each kind of file, for tests that take long.
  static let varied = [
    "xgboost-1.7.6/classifier-0.pkl", "xgboost-1.7.6/classifier-4.pkl",
    "xgboost-3.4.1/tutorial.pkl", "sklearn-1.9.1/ada-regressor.pkl",
    "sklearn-1.9.1/bagging.pkl", "sklearn-1.9.1/boosting-init.pkl",
    "sklearn-1.9.1/hist-categorical.pkl", "sklearn-1.9.1/isolation.pkl",
    "sklearn-1.9.1/joblib-plain.joblib", "sklearn-1.9.1/joblib-zlib.joblib",
    "sklearn-1.9.1/joblib-lzma.joblib", "sklearn-1.9.1/compressed-bz2.pkl",
    "sklearn-1.9.1/pipeline-columns.pkl", "sklearn-1.9.1/voting-hard.pkl",
  ].map { PickleFixture(path: "pickle/" + $0) }

  func bytes() throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: file)))
  }

  func model() throws -> TreeModel {
    try TreeModel.read(contentsOf: file)
  }

  func answers() throws -> Answers {
    let name = path.prefix(upTo: path.lastIndex(of: ".")!)
    let url = Fixture.folder.appending(path: "\(name).answers.json")
    return try JSONDecoder().decode(Answers.self, from: Data(contentsOf: url))
  }

  /// What the library answered, row after row.
  struct Answers: Decodable {
    let library: String
    let columns: Int
    let outputs: Int?
    /// Bits of float32.
    let rows: [UInt32]
    /// Bits of float32, where the library adds in float32.
    let margins: [UInt32]?
    let predictions: [UInt32]?
    /// Values in float64, where the library has them.
    let values: [Double]?
    /// What `decision_function` answers, in float64.
    let decision: [Double]?
    /// What `predict` answers, of classifiers whose labels are numbers.
    let predicted: [Double]?
    /// The categories of each feature that has some.
    let categories: [[String]?]?
    /// The number of the class, of classifiers.
    let classes: [Int]?
    let labels: [String]?
    let features: [String]?
    let bestIteration: Int?
    let trees: Int?

    var matrix: Matrix {
      Matrix(
        rowCount: rows.count / columns, columnCount: columns,
        values: rows.map(Float.init(bitPattern:)))
    }
  }
}
