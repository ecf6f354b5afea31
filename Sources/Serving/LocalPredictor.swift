import Forest
import Jobs

/// Predicts in this process.
///
/// Many rows are cut into pieces of a few milliseconds, so that a large request lets others through
/// in between, and ends soon after nobody waits for it any more.
public struct LocalPredictor: Predicting {
  private let catalog: ModelCatalog

  /// A predictor with the models of this catalog.
  public init(_ catalog: ModelCatalog) {
    self.catalog = catalog
  }

  /// Predicts on the caller's thread, piece by piece.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    try Self.check(request)
    let model: Model
    if let loaded = request.loaded {
      model = loaded
    } else {
      model = try catalog.loading(request.model)
    }
    let visits =
      request.outputs.contains(where: \.isCostly) ? Self.fewTreeVisits : Self.pieceTreeVisits
    let rowsAtOnce = max(1, visits / max(1, model.treeCount))
    guard request.rows.rowCount > rowsAtOnce else {
      return try model.timed(request.rows, outputs: request.outputs)
    }
    var pieces: [Prediction] = []
    for begin in stride(from: 0, to: request.rows.rowCount, by: rowsAtOnce) {
      let end = min(begin + rowsAtOnce, request.rows.rowCount)
      pieces.append(try model.timed(request.rows[rows: begin..<end], outputs: request.outputs))
      await Task.yield()
      try Self.check(request)
    }
    return Prediction(pieces)
  }

  /// Predicts on the caller's thread if the model is loaded and the rows are few.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    guard let model = request.loaded ?? catalog.loaded(request.model),
      request.rows.rowCount * model.treeCount <= Self.fewTreeVisits,
      !request.outputs.contains(where: \.isCostly)
    else { return nil }
    // Not timed: nothing but this work is in the time that the caller measures.
    return try model.predict(request.rows, outputs: request.outputs)
  }

  private static func check(_ request: PredictionRequest) throws(PredictionError) {
    guard !request.deadline.hasPassed else {
      throw PredictionError(.deadlineExceeded, "the deadline passed before the work was done")
    }
    guard !Task.isCancelled else {
      throw PredictionError(.cancelled, "the caller stopped waiting")
    }
  }

  /// A fraction of a millisecond's work.
  private static let fewTreeVisits = 8192
  /// A few milliseconds' work.
  private static let pieceTreeVisits = 4 << 20
}

extension Model {
  /// The prediction, and how long it took.
  fileprivate func timed(_ rows: Matrix, outputs: [Output]) throws(PredictionError) -> Prediction {
    let start = ContinuousClock.now
    var prediction = try predict(rows, outputs: outputs)
    prediction.computation = .now - start
    return prediction
  }
}

extension Matrix {
  /// Some of the rows, one after another.
  fileprivate subscript(rows range: Range<Int>) -> Matrix {
    Matrix(
      rowCount: range.count, columnCount: columnCount,
      values: Array(values[range.lowerBound * columnCount..<range.upperBound * columnCount]))
  }
}

extension Prediction {
  /// The answers of pieces, one below the other.
  fileprivate init(_ pieces: [Prediction]) {
    var values: [Output: Matrix] = [:]
    for output in pieces.first?.values.keys.map(\.self) ?? [] {
      let parts = pieces.compactMap { $0.values[output] }
      values[output] = Matrix(
        rowCount: parts.reduce(0) { $0 + $1.rowCount }, columnCount: parts.first?.columnCount ?? 0,
        values: parts.flatMap(\.values))
    }
    self.init(values: values, computation: pieces.compactMap(\.computation).reduce(.zero, +))
  }
}
