import Forest
import Jobs
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Serving

@Suite("What a server takes at once")
struct LimitTests {
  /// Answers when it is told to.
  final class Gate: Predicting {
    private let (openings, opening) = AsyncStream.makeStream(of: Void.self)
    let arrivals = Atomic(0)

    func open() { opening.finish() }

    func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
      arrivals.add(1, ordering: .relaxed)
      for await _ in openings {}
      return Prediction(values: [:])
    }
  }

  @Test("refuses more rows than there may be, and more requests, at once and with a time to retry")
  func limits() async throws {
    let model = try SmallModel.model("iris", version: "1")
    let gate = Gate()
    let metrics = PrometheusRegistry()
    let limited = LimitedPredictor(
      gate, limits: .init(rows: 2, concurrency: 3), metrics: metrics)
    let rows = Matrix(
      rowCount: 3, columnCount: 4, values: SmallModel.row + SmallModel.row + SmallModel.row)
    let large = PredictionRequest(
      model: model, rows: rows, outputs: [.predict], deadline: .after(.seconds(10)))
    await #expect { _ = try await limited.predict(large) } throws: {
      ($0 as? PredictionError)?.code == .tooLarge
    }
    await withDiscardingTaskGroup { group in
      for _ in 0..<3 { group.addTask { _ = try? await limited.predict(SmallModel.request(model)) } }
      _ = await eventually { gate.arrivals.load(ordering: .relaxed) == 3 }
      await #expect { _ = try await limited.predict(SmallModel.request(model)) } throws: {
        let error = $0 as? PredictionError
        return error?.code == .overloaded && error?.retryAfter != nil
      }
      gate.open()
    }
    #expect(metrics.text().contains("coppice_requests_refused_total{reason=\"concurrency\"} 1"))
    #expect(metrics.text().contains("coppice_requests_refused_total{reason=\"rows\"} 1"))
    #expect(throws: Never.self) { try limited.predictAtOnce(SmallModel.request(model)) }
  }

  /// Takes four seconds for its first request, keeps the second, and is full for all others.
  final class FullQueue: Predicting {
    let gate = Gate()
    private let count = Atomic(0)
    private let seconds = Atomic(0)
    private let start = ContinuousClock.now

    var now: ContinuousClock.Instant { start + .seconds(seconds.load(ordering: .relaxed)) }

    func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
      switch count.wrappingAdd(1, ordering: .relaxed).oldValue {
      case 0:
        seconds.add(4, ordering: .relaxed)
        return Prediction(values: [:])
      case 1: return try await gate.predict(request)
      default: throw PredictionError(.overloaded, "it is full", retryAfter: .seconds(1))
      }
    }
  }

  @Test(
    "tells when to come again by the rate of late, whether the limit is its own or the queue's",
    arguments: [(1, 4), (2, 8)])
  func retryAfter(concurrency: Int, seconds: Int) async throws {
    let model = try SmallModel.model("iris", version: "1")
    let queue = FullQueue()
    let limited = LimitedPredictor(
      queue, limits: .init(concurrency: concurrency), now: { queue.now },
      metrics: PrometheusRegistry())
    _ = try await limited.predict(SmallModel.request(model))
    await withDiscardingTaskGroup { group in
      group.addTask { _ = try? await limited.predict(SmallModel.request(model)) }
      _ = await eventually { queue.gate.arrivals.load(ordering: .relaxed) == 1 }
      await #expect { _ = try await limited.predict(SmallModel.request(model)) } throws: {
        let error = $0 as? PredictionError
        // The rows under way, its own included where it came that far.
        return error?.code == .overloaded && error?.retryAfter == .seconds(seconds)
      }
      queue.gate.open()
    }
  }

  @Test("tells how long the rows under way will take from the rate of late")
  func estimate() {
    let start = ContinuousClock.now
    var load = LoadEstimate(now: start)
    #expect(load.wait == .zero)
    load.begin(rows: 1000, now: start)
    load.begin(rows: 1000, now: start)
    load.end(rows: 1000, isDone: true, now: start + .seconds(1))
    #expect(load.rate == 1000)
    #expect(load.wait == .seconds(1))
    load.end(rows: 1000, isDone: true, now: start + .seconds(1.5))
    #expect(load.rate == 1500)
    #expect(load.wait == .zero)
    // An hour without work does not make it slow.
    load.begin(rows: 3000, now: start + .seconds(3600))
    #expect(load.wait == .seconds(2))
  }

  @Test("is not misled by small requests beside a large one, whose rows count when it ends")
  func unevenRequests() {
    let start = ContinuousClock.now
    var load = LoadEstimate(now: start)
    load.begin(rows: 1000, now: start)
    load.end(rows: 1000, isDone: true, now: start + .seconds(1))
    load.begin(rows: 1500, now: start + .seconds(10))
    for turn in 0..<20 {
      let begin = start + .seconds(10) + .milliseconds(30 * turn)
      load.begin(rows: 1, now: begin)
      load.end(rows: 1, isDone: true, now: begin + .milliseconds(30))
    }
    #expect(load.wait == .seconds(1.5))
    load.end(rows: 1500, isDone: true, now: start + .seconds(11.52))
    #expect(abs((load.rate ?? 0) - 1000) < 0.01)
  }

  @Test("cuts a large request into pieces with the same answer, and stops at its deadline")
  func pieces() async throws {
    let model = try SmallModel.model("iris", version: "1")
    let count = (4 << 20) / model.treeCount * 2 + 17
    var values: [Float] = []
    for row in 0..<count { values += [5 + Float(row % 7) / 2, 3, Float(row % 60) / 10, 1.5] }
    let rows = Matrix(rowCount: count, columnCount: 4, values: values)
    let local = LocalPredictor(ModelCatalog([model]))
    let request = PredictionRequest(
      model: model, rows: rows, outputs: [.predict, .probabilities], deadline: .after(.seconds(600))
    )
    let whole = try model.predict(rows, outputs: [.predict, .probabilities])
    #expect(try await local.predict(request) == whole)
    var late = request
    late.deadline = .now
    await #expect { _ = try await local.predict(late) } throws: {
      ($0 as? PredictionError)?.code == .deadlineExceeded
    }
  }
}
