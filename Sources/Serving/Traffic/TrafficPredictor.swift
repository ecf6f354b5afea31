public import CoreMetrics
import Forest
public import ServiceLifecycle

/// Does what traffic rules want beside the choice of a version: asks the shadow too, watches the
/// canary, and tries new versions. A model without such a rule costs one look at the catalog.
///
/// The service asks the shadows (``ShadowRequests``). A version on trial is a shadow of the version in
/// place.
public final class TrafficPredictor: Predicting, Service {
  private let predictor: any Predicting
  private let catalog: ModelCatalog
  private let draws = DrawSequence(seed: .random(in: 0 ... .max))
  private let shadows: ShadowRequests

  /// Wraps a predictor.
  public init(
    _ predictor: any Predicting, catalog: ModelCatalog, metrics factory: any MetricsFactory
  ) {
    self.predictor = predictor
    self.catalog = catalog
    shadows = ShadowRequests(predictor, metrics: factory)
  }

  /// Asks the other predictor.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    guard let route = watchedRoute(request) else { return try await predictor.predict(request) }
    do throws(PredictionError) {
      let prediction = try await predictor.predict(request)
      observe(request, prediction, route)
      return prediction
    } catch {
      observe(request, error, route)
      throw error
    }
  }

  /// Asks the other predictor.
  public func begin(
    _ request: PredictionRequest, then answer: @escaping @Sendable (PredictionResult) -> Void
  ) -> @Sendable () -> Void {
    guard let route = watchedRoute(request) else { return predictor.begin(request, then: answer) }
    return predictor.begin(request) { [self] result in
      switch result {
      case .success(let prediction): observe(request, prediction, route)
      case .failure(let error): observe(request, error, route)
      }
      answer(result)
    }
  }

  /// Asks the other predictor, unless it has to wait.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    guard let route = watchedRoute(request) else { return try predictor.predictAtOnce(request) }
    do throws(PredictionError) {
      let prediction = try predictor.predictAtOnce(request)
      if let prediction { observe(request, prediction, route) }
      return prediction
    } catch {
      observe(request, error, route)
      throw error
    }
  }

  /// Asks the shadows until the service is shut down.
  public func run() async throws {
    await cancelWhenGracefulShutdown { await self.shadows.run() }
  }

  private func watchedRoute(_ request: PredictionRequest) -> CatalogSnapshot.Route? {
    guard let route = catalog.snapshot.route(of: request.model.name),
      route.watch != nil || route.shadowPercent > 0 || route.trial != nil
    else { return nil }
    return route
  }

  private func observe(
    _ request: PredictionRequest, _ prediction: Prediction, _ route: CatalogSnapshot.Route
  ) {
    if let watch = route.watch {
      watch.record(
        request.model.version,
        .init(
          latency: prediction.duration.map { Float($0.nanoseconds) / 1e9 },
          score: watch.bounds.scoreShift == nil ? nil : prediction.score(request.outputs)))
    }
    if let trial = route.trial, trial.standing == request.model {
      shadows.ask(trial.model, request, prediction, trial: trial)
    }
    if route.shadowPercent > 0,
      ((draws.next() >> 32) &* 100) >> 32 < UInt64(route.shadowPercent),
      let model = route.shadow, model.id != request.model
    {
      shadows.ask(model, request, prediction)
    }
  }

  private func observe(
    _ request: PredictionRequest, _ error: PredictionError, _ route: CatalogSnapshot.Route
  ) {
    if error.isOfVersion { route.watch?.record(request.model.version, .failure) }
  }
}

extension PredictionError {
  /// Whether it says anything about the version that was asked.
  var isOfVersion: Bool {
    switch code {
    case .cancelled, .overloaded, .tooLarge: false
    default: true
    }
  }
}

extension Prediction {
  /// The first probability where probabilities were asked for, otherwise the first value of the first
  /// output.
  fileprivate func score(_ outputs: [Output]) -> Float? {
    let output = outputs.contains(.probabilities) ? .probabilities : outputs.first
    return output.flatMap { values[$0]?.values.first }
  }
}
