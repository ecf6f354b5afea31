import Serving
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Manifest {
  /// What a training that the command ran is remembered by.
  init(
    _ model: TrainedModel, target: Target, table: Table, split: DataSplit, trainer: TrainCommand,
    library: XGBoostLibrary
  ) {
    self.init(
      task: target.task, labels: target.labels, features: model.features,
      examples: model.examples.map { Example(row: $0.row, prediction: $0.prediction) },
      training: Training(
        library: "xgboost", libraryVersion: library.version, parameters: model.parameters,
        rounds: trainer.rounds, seed: trainer.seed,
        data: Training.Data(
          source: URL(filePath: table.source).lastPathComponent, sha256: table.sha256,
          trainingRows: split.training.count, validationRows: split.validation.count,
          testRows: split.test.count),
        trainedAt: Date.now.ISO8601Format()),
      metrics: model.metrics)
  }
}
