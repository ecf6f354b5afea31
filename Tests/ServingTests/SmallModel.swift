import Foundation
import Forest
import Jobs
import Logging
import Serving
import Telemetry
import TestSupport

/// Recorded Iris models in a repository of the test's own.
enum SmallModel {
  static let row: [Float] = [5.9, 3.2, 4.8, 1.8]

  static func file(_ library: String = "2.1.4") -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/xgboost/\(library)/iris-softprob.json")
  }

  static func model(_ name: String, version: String) throws -> Model {
    try Model(id: ModelID(name: name, version: version), file: file().path)
  }

  static func add(_ version: String, to root: URL, library: String = "2.1.4") throws {
    let folder = root.appending(path: "iris/\(version)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: file(library), to: folder.appending(path: "model.json"))
  }

  /// Runs a manager over a repository with two versions of one model, both in memory.
  static func withManager<Result: Sendable>(
    _ body: @Sendable (ModelManager, URL) async throws -> Result
  ) async throws -> Result {
    try await withTemporaryFolder { root in
      try add("1", to: root)
      try add("2", to: root)
      let manager = manager(root)
      _ = try await manager.start()
      return try await withServices([manager]) { try await body(manager, root) }
    }
  }

  /// A manager that keeps all versions in memory and people's decisions in a file.
  static func manager(_ root: URL) -> ModelManager {
    var configuration = ModelManager.Configuration()
    configuration.policy = .all
    configuration.stateFile = root.appending(path: ".coppice.json").path
    configuration.seed = 3
    return ModelManager(
      ModelRepository(root: root.path), configuration: configuration,
      metrics: PrometheusRegistry(), logger: .quiet)
  }

  static func request(_ model: Model) -> PredictionRequest {
    PredictionRequest(
      model: model, rows: Matrix(rowCount: 1, columnCount: 4, values: row),
      outputs: [.probabilities], deadline: .after(.seconds(10)))
  }
}
