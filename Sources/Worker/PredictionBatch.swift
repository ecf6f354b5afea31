import Forest
import Jobs
import Serving

/// Requests of several jobs that one call of the predictor answers: the same model, the same outputs.
struct PredictionBatch {
  /// The most rows that are put together; more gain nothing.
  static let maximumRows = 4096

  private(set) var positions: [Int]
  private var requests: [PredictionRequest]
  private var rowCount: Int

  private init(_ request: PredictionRequest, at position: Int) {
    positions = [position]
    requests = [request]
    rowCount = request.rows.rowCount
  }

  /// Puts together what fits together.
  ///
  /// - Parameter requests: where there is one, at its position.
  static func batches(of requests: [PredictionRequest?]) -> [PredictionBatch] {
    var batches: [PredictionBatch] = []
    for (position, request) in requests.enumerated() {
      guard let request else { continue }
      if let index = batches.lastIndex(where: { $0.takes(request) }) {
        batches[index].positions.append(position)
        batches[index].requests.append(request)
        batches[index].rowCount += request.rows.rowCount
      } else {
        batches.append(PredictionBatch(request, at: position))
      }
    }
    return batches
  }

  private func takes(_ request: PredictionRequest) -> Bool {
    let first = requests[0]
    return first.model == request.model && first.outputs == request.outputs
      && first.rows.columnCount == request.rows.columnCount
      && rowCount + request.rows.rowCount <= Self.maximumRows
  }

  /// All rows as one request; the caller who waits longest sets its deadline.
  var request: PredictionRequest {
    guard requests.count > 1 else { return requests[0] }
    var all = requests[0]
    var values: [Float] = []
    values.reserveCapacity(rowCount * all.rows.columnCount)
    for request in requests { values += request.rows.values }
    all.rows = Matrix(rowCount: rowCount, columnCount: all.rows.columnCount, values: values)
    all.deadline = requests.map(\.deadline).max() ?? all.deadline
    return all
  }

  /// The part of each request; nil when the rows do not add up.
  func split(_ prediction: Prediction) -> [Prediction]? {
    guard requests.count > 1 else { return [prediction] }
    guard prediction.values.values.allSatisfy({ $0.rowCount == rowCount }) else { return nil }
    var start = 0
    return requests.map { request in
      let count = request.rows.rowCount
      defer { start += count }
      return Prediction(
        values: prediction.values.mapValues { matrix in
          let columns = matrix.columnCount
          return Matrix(
            rowCount: count, columnCount: columns,
            values: Array(matrix.values[start * columns..<(start + count) * columns]))
        }, computation: prediction.computation)
    }
  }
}
