import Foundation
import TestSupport

/// A repository with the recorded Iris model, and what XGBoost itself answered for its rows.
struct IrisRepository {
  static let labels = ["setosa", "versicolor", "virginica"]
  static let features = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

  let root: URL

  /// An empty repository in a folder.
  init(emptyIn folder: URL) {
    root = folder.appending(path: "models")
  }

  /// Puts the model of one version of XGBoost, with a manifest, into a folder.
  init(in folder: URL, library: String = "1.7.6", format: String = "json") throws {
    self.init(emptyIn: folder)
    try add("iris", version: "1", file: Self.fixture("\(library)/iris-softprob.\(format)"))
  }

  /// Adds a version of a model, with the manifest of Iris unless it has one of its own.
  func add(
    _ name: String, version: String, file: URL, examples: String = "[]", manifest: String? = nil
  ) throws {
    let version = root.appending(path: "\(name)/\(version)")
    try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: file, to: version.appending(path: "model.\(file.pathExtension)"))
    let features = Self.features.map { "{\"name\":\"\($0)\",\"type\":\"float\"}" }
    let usual = """
      {"task":"multiclass-classification","labels":\(Self.labels),
       "features":[\(features.joined(separator: ","))],"examples":\(examples)}
      """
    try Data((manifest ?? usual).utf8).write(to: version.appending(path: "manifest.json"))
  }

  /// The rows that were recorded and XGBoost's own probabilities for them.
  static func recorded(library: String = "1.7.6") throws -> (rows: [[Float]], answers: [[Float]]) {
    struct Recording: Decodable {
      let columns: Int
      let outputs: Int
      let rows: [UInt32]
      let predictions: [UInt32]
    }
    let data = try Data(contentsOf: fixture("\(library)/iris-softprob.expected.json"))
    let recording = try JSONDecoder().decode(Recording.self, from: data)
    func split(_ bits: [UInt32], by width: Int) -> [[Float]] {
      stride(from: 0, to: bits.count, by: width).map { start in
        bits[start..<start + width].map(Float.init(bitPattern:))
      }
    }
    return (
      split(recording.rows, by: recording.columns),
      split(recording.predictions, by: recording.outputs)
    )
  }

  static func fixture(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/xgboost/\(name)")
  }
}

/// Runs `coppice serve` on a repository with the recorded Iris model.
func withIrisServer<Result>(
  _ arguments: [String] = [], environment: [String: String] = [:], library: String = "1.7.6",
  format: String = "json", _ body: (CoppiceServer) async throws -> Result
) async throws -> Result {
  try await withTemporaryFolder { folder in
    let repository = try IrisRepository(in: folder, library: library, format: format)
    return try await withCoppiceServer(
      [repository.root.path] + arguments, environment: environment, body)
  }
}
