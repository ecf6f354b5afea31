import Forest
import Foundation
import Testing

@testable import ModelFormats

/// What the fuzzer found worth keeping (`make fuzz`): each is a model that predicts, or one error.
struct FuzzCorpusTests {
  static let folder = Fixture.folder.deletingLastPathComponent().appending(path: "Fuzz/corpus")

  static let readers = [
    "xgboost-json", "xgboost-ubjson", "xgboost-binary", "lightgbm-text", "lightgbm-json", "pickle",
    "joblib", "onnx", "catboost",
  ]

  @Test("Every input is a model or an error", arguments: readers)
  func inputs(reader: String) throws {
    let files = try FileManager.default.contentsOfDirectory(
      at: Self.folder.appending(path: reader), includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    for file in files {
      do {
        let model = try TreeModel.read(Array(Data(contentsOf: file)))
        guard model.features.count <= 4096 else { continue }
        let rows = Matrix(
          rowCount: 2, columnCount: model.features.count,
          values: (0..<2 * model.features.count).map { $0 < model.features.count ? 0 : .nan })
        let engine = EnsembleEngine(model.ensemble, preprocessing: model.preprocessing)
        #expect(engine.predictions(rows).count == 2 * model.ensemble.outputCount)
      } catch let error as ModelFormatError {
        #expect(!error.message.isEmpty, "\(file.lastPathComponent)")
      }
    }
  }
}
