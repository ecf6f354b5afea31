public import CoreMetrics
import Forest
import Jobs
import Synchronization

/// Refuses at once what is too much: a request with too many rows, and any that would have to wait
/// while as many are under way as may, or for longer than its deadline allows.
///
/// The time to wait is the rows that are under way, by the rate at which rows were answered lately.
/// What can be predicted at once never waits, and is not counted.
///
/// - `coppice_requests_refused_total{reason}`: `rows`, `concurrency` or `deadline`.
/// - `coppice_requests_under_way`: requests that wait or are computed.
public final class LimitedPredictor: Predicting {
  /// How much is too much.
  public struct Limits: Sendable {
    /// Rows in one request.
    public var rows: Int
    /// Requests that wait or are computed at the same time.
    public var concurrency: Int

    /// Limits.
    public init(rows: Int = 1_000_000, concurrency: Int = 10_000) {
      self.rows = rows
      self.concurrency = concurrency
    }
  }

  private let predictor: any Predicting
  private let limits: Limits
  private let load: Mutex<LoadEstimate>
  private let now: @Sendable () -> ContinuousClock.Instant
  private let underWay: Gauge
  private let refused: [Refusal: Counter]

  private enum Refusal: String, CaseIterable {
    case rows, concurrency, deadline
  }

  /// Wraps a predictor.
  public init(
    _ predictor: any Predicting, limits: Limits = .init(),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
    metrics factory: any MetricsFactory
  ) {
    self.predictor = predictor
    self.limits = limits
    self.now = now
    self.load = Mutex(LoadEstimate(now: now()))
    underWay = Gauge(label: "coppice_requests_under_way", factory: factory)
    refused = Dictionary(
      uniqueKeysWithValues: Refusal.allCases.map { refusal in
        (
          refusal,
          Counter(
            label: "coppice_requests_refused_total",
            dimensions: [("reason", refusal.rawValue)], factory: factory)
        )
      })
  }

  /// Asks the other predictor, if there is room.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    try admit(request)
    let result: PredictionResult
    do throws(PredictionError) {
      result = .success(try await predictor.predict(request))
    } catch {
      result = .failure(error)
    }
    return try released(result, of: request).get()
  }

  /// Asks the other predictor, if there is room.
  public func begin(
    _ request: PredictionRequest, then answer: @escaping @Sendable (PredictionResult) -> Void
  ) -> @Sendable () -> Void {
    do throws(PredictionError) {
      try admit(request)
    } catch {
      answer(.failure(error))
      return {}
    }
    return predictor.begin(request) { [self] in answer(released($0, of: request)) }
  }

  /// Counts a request that begins.
  private func admit(_ request: PredictionRequest) throws(PredictionError) {
    try check(request)
    let (refusal, requests) = load.withLock { load -> ((Refusal, Duration)?, Int) in
      let wait = load.wait
      if load.requests >= limits.concurrency { return ((.concurrency, wait), load.requests) }
      if wait > request.deadline.remaining { return ((.deadline, wait), load.requests) }
      load.begin(rows: request.rows.rowCount, now: now())
      return (nil, load.requests)
    }
    if let (refusal, wait) = refusal {
      refused[refusal]?.increment()
      throw PredictionError(
        .overloaded,
        refusal == .concurrency
          ? "\(limits.concurrency) requests are under way, and no more are taken; try again later"
          : "the answer would come after the deadline, in about \(wait.components.seconds + 1) s",
        retryAfter: max(wait, .seconds(1)))
    }
    underWay.record(requests)
  }

  /// Counts a request that ends.
  private func released(
    _ result: PredictionResult, of request: PredictionRequest
  ) -> PredictionResult {
    let isDone = if case .success = result { true } else { false }
    let (requests, wait) = load.withLock { load in
      let wait = load.wait
      load.end(rows: request.rows.rowCount, isDone: isDone, now: now())
      return (load.requests, wait)
    }
    underWay.record(requests)
    guard case .failure(let error) = result, error.code == .overloaded else { return result }
    // Whatever is full behind this empties as fast as what this process sees of it.
    return .failure(
      PredictionError(
        error.code, error.message, field: error.field,
        retryAfter: max(wait, error.retryAfter ?? .seconds(1))))
  }

  /// Asks the other predictor, if the request is not too large.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    try check(request)
    return try predictor.predictAtOnce(request)
  }

  private func check(_ request: PredictionRequest) throws(PredictionError) {
    guard request.rows.rowCount > limits.rows else { return }
    refused[.rows]?.increment()
    throw PredictionError(
      .tooLarge,
      "the request has \(request.rows.rowCount) rows, but at most \(limits.rows) are taken at once",
      field: "data")
  }
}

/// What is under way, and how fast it gets done.
struct LoadEstimate: Sendable {
  /// Requests under way.
  private(set) var requests = 0
  /// Rows under way.
  private(set) var rows = 0
  /// Rows a second, while there was work; nil before anything was done.
  private(set) var rate: Double?
  private var doneRows = 0
  private var busySince: ContinuousClock.Instant

  init(now: ContinuousClock.Instant) {
    busySince = now
  }

  /// How long the last of the rows under way will take.
  var wait: Duration {
    guard let rate, rate > 0 else { return .zero }
    return .seconds(min(3600, Double(rows) / rate))
  }

  mutating func begin(rows count: Int, now: ContinuousClock.Instant) {
    // An idle time says nothing about the rate.
    if requests == 0 { (busySince, doneRows) = (now, 0) }
    requests += 1
    rows += count
  }

  mutating func end(rows count: Int, isDone: Bool, now: ContinuousClock.Instant) {
    requests -= 1
    rows -= count
    if isDone { doneRows += count }
    let elapsed = (now - busySince).nanoseconds
    // Short measurements are noise, and so are those with less done than is under way: a large
    // request does its rows all the time, and counts when it ends. The newest one counts for a half.
    guard doneRows > 0,
      requests == 0 || elapsed >= 20_000_000 && (doneRows >= rows || elapsed >= 10_000_000_000)
    else { return }
    let measured = Double(doneRows) / (Double(max(1, elapsed)) / 1e9)
    rate = rate.map { ($0 + measured) / 2 } ?? measured
    (busySince, doneRows) = (now, 0)
  }
}
