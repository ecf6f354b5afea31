import Foundation
import TestSupport
import Testing

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

  /// Adds a version that takes the same features, and predicts counts: it has no classes, and so no
  /// probabilities.
  func addCounts(_ name: String, version: String) throws {
    try add(
      name, version: version, file: Self.fixture("2.1.4/count-poisson-base-score.json"),
      manifest: "{}")
  }

  /// Adds a version with the trees of the recorded model so many times over: it is slower by as much.
  func addSlow(_ name: String, version: String, times: Int) throws {
    let data = try Data(contentsOf: Self.fixture("1.7.6/iris-softprob.json"))
    var document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    var learner = try #require(document["learner"] as? [String: Any])
    var booster = try #require(learner["gradient_booster"] as? [String: Any])
    var model = try #require(booster["model"] as? [String: Any])
    var parameters = try #require(model["gbtree_model_param"] as? [String: Any])
    for key in ["trees", "tree_info"] {
      let part = try #require(model[key] as? [Any])
      let many = (0..<times).flatMap { _ in part }
      model[key] = many
      parameters["num_trees"] = "\(many.count)"
    }
    model["gbtree_model_param"] = parameters
    booster["model"] = model
    learner["gradient_booster"] = booster
    document["learner"] = learner
    let file = root.deletingLastPathComponent().appending(path: "slow.json")
    try JSONSerialization.data(withJSONObject: document).write(to: file)
    try add(name, version: version, file: file)
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
