import Forest

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Trainer {
  /// What a model is trained on.
  struct Input {
    let table: Table
    let target: Target
    let split: DataSplit
    let features: [Feature]

    init(table: Table, target: Target, split: DataSplit) {
      self.table = table
      self.target = target
      self.split = split
      features = table.columns.enumerated().compactMap { index, column in
        index == table.labelIndex ? nil : Feature(column)
      }
    }

    var threadCount: Int {
      table.rowCount * features.count < Trainer.parallelThreshold
        ? 1 : ProcessInfo.processInfo.activeProcessorCount
    }

    /// The accuracy, or the root of the mean squared error, of the parts that were held back.
    func metrics(_ predict: ([Int]) throws -> [Float]) throws -> [String: Double] {
      var metrics: [String: Double] = [:]
      for (part, rows) in [("validation", split.validation), ("test", split.test)] {
        guard !rows.isEmpty else { continue }
        let predictions = try predict(rows)
        let width = predictions.count / rows.count
        switch target.task {
        case .binary, .multiclass:
          let hits = rows.indices.count { index in
            classNumber(predictions[index * width..<(index + 1) * width])
              == Int(target.values[rows[index]])
          }
          metrics["\(part)_accuracy"] = Double(hits) / Double(rows.count)
        case .regression where width == 1:
          let squares = zip(rows, predictions).map { row, prediction in
            let error = Double(prediction) - Double(target.values[row])
            return error * error
          }
          metrics["\(part)_rmse"] = (squares.reduce(0, +) / Double(rows.count)).squareRoot()
        case .regression, .ranking: break
        }
      }
      return metrics.filter { $0.value.isFinite }
    }

    /// A few held-back rows, of each class in turn, with their predictions.
    func examples(_ predict: ([Int]) throws -> [Float]) throws -> [TrainedModel.Example] {
      let rows = exampleRows()
      let predictions = try predict(rows)
      let width = predictions.count / rows.count
      return rows.enumerated().compactMap { index, row in
        let prediction = Array(predictions[index * width..<(index + 1) * width])
        guard prediction.allSatisfy(\.isFinite) else { return nil }
        return TrainedModel.Example(
          row: table.features(ofRows: [row]).map { $0.isNaN ? nil : $0 }, prediction: prediction)
      }
    }

    private func exampleRows() -> [Int] {
      let classes = target.classes
      let heldBack = [split.test, split.validation, split.training].first { !$0.isEmpty } ?? []
      var rank: [Int: Int] = [:]  // How many rows of the class came before.
      let ranked = heldBack.map { row -> (rank: Int, row: Int) in
        defer { rank[classes[row], default: 0] += 1 }
        return (rank[classes[row], default: 0], row)
      }
      return ranked.sorted { $0 < $1 }.prefix(Trainer.exampleCount).map(\.row).sorted()
    }

    private func classNumber(_ prediction: ArraySlice<Float>) -> Int {
      if prediction.count > 1 {
        let largest = prediction.indices.max { prediction[$0] < prediction[$1] }
        return largest.map { $0 - prediction.startIndex } ?? 0
      }
      let value = prediction[prediction.startIndex]
      return value > (target.objective == "binary:logitraw" ? 0 : 0.5) ? 1 : 0
    }
  }
}

extension Feature {
  /// A feature that is a column of a table.
  fileprivate init(_ column: Table.Column) {
    self.init(
      name: column.name,
      type: column.categories != nil ? .categorical : column.isWhole ? .int : .float,
      categories: column.categories, minimum: column.range?.lowerBound,
      maximum: column.range?.upperBound)
  }
}
