public import CoreMetrics
import Forest
import Jobs
public import ServiceLifecycle
import Synchronization

/// Does what traffic rules want beside the choice of a version: asks the shadow too, watches the
/// canary, and tries new versions. A model without such a rule costs one look at the catalog.
///
/// The service works off the shadows, one after another; while more wait than fit they are dropped,
/// because the shadow must not slow down those who get answers. It gathers them for some
/// milliseconds first, because to be woken for each costs more than to ask it. A version on trial is
/// a shadow of the version in place.
///
/// - `coppice_shadow_requests_total{model,version,result}`: `same`, `different`, `failed` or
///   `dropped`.
/// - `coppice_shadow_difference{model,version}`: the largest absolute difference in an answer.
public final class TrafficPredictor: Predicting, Service {
  private struct Shadow: Sendable {
    let request: PredictionRequest
    let answer: Prediction
    let trial: TrialWatch?
  }

  private struct Waiting {
    private(set) var shadows: [Shadow] = []
    private var values = 0

    /// Whether it is the first one; nil when there is no room.
    mutating func add(_ shadow: Shadow) -> Bool? {
      guard shadows.count < 1024, values < 4 << 20 else { return nil }
      shadows.append(shadow)
      values += shadow.request.rows.values.count
      return shadows.count == 1
    }
  }

  private struct Meters {
    let results: [String: Counter]
    let difference: Recorder
  }

  private let predictor: any Predicting
  private let catalog: ModelCatalog
  private let factory: any MetricsFactory
  private let meters = Mutex<[ModelID: Meters]>([:])
  private let draws = DrawSequence(seed: .random(in: 0 ... .max))
  private let waiting = Mutex(Waiting())
  private let (wakes, wake) = AsyncStream.makeStream(
    of: Void.self, bufferingPolicy: .bufferingNewest(1))

  /// Wraps a predictor.
  public init(
    _ predictor: any Predicting, catalog: ModelCatalog, metrics factory: any MetricsFactory
  ) {
    self.predictor = predictor
    self.catalog = catalog
    self.factory = factory
  }

  /// Whether the other predictor is.
  public var isRemote: Bool { predictor.isRemote }

  /// Asks the other predictor.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    guard let route = watchedRoute(request) else { return try await predictor.predict(request) }
    let start = ContinuousClock.now
    do throws(PredictionError) {
      let prediction = try await predictor.predict(request)
      observe(request, prediction, since: start, route)
      return prediction
    } catch {
      observe(request, error, since: start, route)
      throw error
    }
  }

  /// Asks the other predictor, unless it has to wait.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    guard let route = watchedRoute(request) else { return try predictor.predictAtOnce(request) }
    let start = ContinuousClock.now
    do throws(PredictionError) {
      let prediction = try predictor.predictAtOnce(request)
      if let prediction { observe(request, prediction, since: start, route) }
      return prediction
    } catch {
      observe(request, error, since: start, route)
      throw error
    }
  }

  private func watchedRoute(_ request: PredictionRequest) -> CatalogSnapshot.Route? {
    guard let route = catalog.snapshot.routes[request.model.name],
      route.shadow != nil || route.watch != nil || route.trial != nil
    else { return nil }
    return route
  }

  private func observe(
    _ request: PredictionRequest, _ prediction: Prediction, since start: ContinuousClock.Instant,
    _ route: CatalogSnapshot.Route
  ) {
    if let watch = route.watch {
      let output = request.outputs.contains(.probabilities) ? .probabilities : request.outputs.first
      watch.record(
        request.model.version,
        .init(
          failed: false, latency: (ContinuousClock.now - start).inSeconds,
          score: output.flatMap { prediction.values[$0]?.values.first }))
    }
    if let trial = route.trial, trial.standing == request.model {
      ask(trial.model, request, prediction, trial: trial)
    }
    if let (model, percent) = route.shadow, model.id != request.model,
      ((draws.next() >> 32) &* 100) >> 32 < UInt64(percent)
    {
      ask(model, request, prediction)
    }
  }

  private func ask(
    _ model: Model, _ request: PredictionRequest, _ answer: Prediction, trial: TrialWatch? = nil
  ) {
    let copy = PredictionRequest(
      model: model, rows: request.rows, outputs: request.outputs,
      deadline: max(request.deadline, .after(.seconds(5))))
    let shadow = Shadow(request: copy, answer: answer, trial: trial)
    switch waiting.withLock({ $0.add(shadow) }) {
    case true?: wake.yield()
    case false?: break
    case nil: count(copy.model, "dropped")
    }
  }

  private func observe(
    _ request: PredictionRequest, _ error: PredictionError, since start: ContinuousClock.Instant,
    _ route: CatalogSnapshot.Route
  ) {
    guard error.isOfVersion else { return }
    route.watch?.record(
      request.model.version,
      .init(failed: true, latency: (ContinuousClock.now - start).inSeconds, score: nil))
  }

  /// Works off the shadows until the service is shut down.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      for await _ in self.wakes {
        try? await Task.sleep(for: .milliseconds(5))
        let waiting = self.waiting.withLock { waiting in
          defer { waiting = Waiting() }
          return waiting
        }
        for shadow in waiting.shadows { await self.compare(shadow) }
      }
    }
  }

  private func compare(_ shadow: Shadow) async {
    let id = shadow.request.model
    let answer: Prediction
    do throws(PredictionError) {
      if let prediction = try predictor.predictAtOnce(shadow.request) {
        answer = prediction
      } else {
        answer = try await predictor.predict(shadow.request)
      }
    } catch {
      count(id, "failed")
      if error.isOfVersion { shadow.trial?.record(.failure("\(error)")) }
      return
    }
    guard let difference = shadow.answer.largestDifference(to: answer) else {
      count(id, "failed")
      shadow.trial?.record(.failure("its answer has another shape"))
      return
    }
    count(id, difference == 0 ? "same" : "different")
    meters(for: id).difference.record(Double(difference))
    shadow.trial?.record(.difference(difference))
  }

  private func count(_ id: ModelID, _ result: String) {
    meters(for: id).results[result]?.increment()
  }

  private func meters(for id: ModelID) -> Meters {
    meters.withLock { all in
      if let meters = all[id] { return meters }
      let dimensions = [("model", id.name), ("version", id.version)]
      let results = ["same", "different", "failed", "dropped"].map { result in
        let counter = Counter(
          label: "coppice_shadow_requests_total", dimensions: dimensions + [("result", result)],
          factory: factory)
        return (result, counter)
      }
      let meters = Meters(
        results: Dictionary(uniqueKeysWithValues: results),
        difference: Recorder(
          label: "coppice_shadow_difference", dimensions: dimensions, aggregate: true,
          factory: factory))
      all[id] = meters
      return meters
    }
  }
}

extension PredictionError {
  /// Whether it says anything about the version that was asked.
  fileprivate var isOfVersion: Bool {
    switch code {
    case .cancelled, .overloaded, .tooLarge: false
    default: true
    }
  }
}

extension Prediction {
  /// The largest absolute difference of two values in the same place; nil when the shapes differ.
  fileprivate func largestDifference(to other: Prediction) -> Float? {
    var largest: Float = 0
    for (output, matrix) in values {
      guard let found = other.values[output], found.values.count == matrix.values.count else {
        return nil
      }
      for (left, right) in zip(matrix.values, found.values) where left != right {
        guard !(left.isNaN && right.isNaN) else { continue }
        let difference = abs(left - right)
        largest = max(largest, difference.isNaN ? .infinity : difference)
      }
    }
    return largest
  }
}

extension Duration {
  fileprivate var inSeconds: Float { Float(nanoseconds) / 1e9 }
}
