public import CoreMetrics
import Forest
import Synchronization

/// Counts and times the predictions of another predictor.
///
/// - `coppice_predicted_rows_total{model,version}`: rows answered.
/// - `coppice_prediction_failures_total{model,version,code}`: requests that failed.
/// - `coppice_prediction_duration_seconds{model,version}`: a request, from decoded to answered.
public final class MeteredPredictor: Predicting {
  private struct Meters {
    let rows: Counter
    let duration: Timer
  }

  /// The same counts, by model.
  public let statistics = PredictionStatistics()
  private let predictor: any Predicting
  private let factory: any MetricsFactory
  private let meters = Mutex<[ModelID: Meters]>([:])

  /// Wraps a predictor.
  public init(_ predictor: any Predicting, metrics factory: any MetricsFactory) {
    self.predictor = predictor
    self.factory = factory
  }

  /// Asks the other predictor, and counts.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    let start = ContinuousClock.now
    do throws(PredictionError) {
      var prediction = try await predictor.predict(request)
      count(request, &prediction, since: start)
      return prediction
    } catch {
      count(error, of: request.model, since: start)
      throw error
    }
  }

  /// Asks the other predictor, and counts.
  public func begin(
    _ request: PredictionRequest, then answer: @escaping @Sendable (PredictionResult) -> Void
  ) -> @Sendable () -> Void {
    let start = ContinuousClock.now
    return predictor.begin(request) { [self] result in
      switch result {
      case .success(var prediction):
        count(request, &prediction, since: start)
        answer(.success(prediction))
      case .failure(let error):
        count(error, of: request.model, since: start)
        answer(result)
      }
    }
  }

  /// Asks the other predictor, and counts unless it has to wait.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    let start = ContinuousClock.now
    do throws(PredictionError) {
      guard var prediction = try predictor.predictAtOnce(request) else { return nil }
      count(request, &prediction, since: start)
      return prediction
    } catch {
      count(error, of: request.model, since: start)
      throw error
    }
  }

  private func count(
    _ request: PredictionRequest, _ prediction: inout Prediction,
    since start: ContinuousClock.Instant
  ) {
    let meters = meters(for: request.model)
    meters.rows.increment(by: request.rows.rowCount)
    let duration = ContinuousClock.now - start
    prediction.duration = duration
    meters.duration.recordNanoseconds(duration.nanoseconds)
    statistics.record(
      request.model, rows: request.rows.rowCount, duration, computation: prediction.computation)
  }

  private func count(
    _ error: PredictionError, of model: ModelID, since start: ContinuousClock.Instant
  ) {
    statistics.recordFailure(model, .now - start)
    Counter(
      label: "coppice_prediction_failures_total",
      dimensions: Self.dimensions(model) + [("code", error.code.rawValue)], factory: factory
    ).increment()
  }

  private func meters(for model: ModelID) -> Meters {
    meters.withLock { all in
      if let meters = all[model] { return meters }
      let dimensions = Self.dimensions(model)
      let meters = Meters(
        rows: Counter(
          label: "coppice_predicted_rows_total", dimensions: dimensions, factory: factory),
        duration: Timer(
          label: "coppice_prediction_duration_seconds", dimensions: dimensions, factory: factory))
      all[model] = meters
      return meters
    }
  }

  private static func dimensions(_ model: ModelID) -> [(String, String)] {
    [("model", model.name), ("version", model.version)]
  }
}

extension Duration {
  /// The whole nanoseconds in it.
  package var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
