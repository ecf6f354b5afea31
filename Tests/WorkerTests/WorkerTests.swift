import Foundation
import Forest
import Jobs
import NIOCore
import Redis
import Serving
import Telemetry
import Testing
import TestSupport
import Worker

@Suite("A worker", .timeLimit(.minutes(5)))
struct WorkerTests {
  static let iris = ModelID(name: "iris", version: "1")
  static let row = Matrix(rowCount: 1, columnCount: 4, values: [5.9, 3.2, 4.8, 1.8])

  static func catalog() throws -> ModelCatalog {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/xgboost/1.7.6/iris-softprob.json").standardized.path
    return ModelCatalog([try Model(id: iris, file: file)])
  }

  /// Runs a server's side and a number of workers on a Redis of their own.
  static func withWorkers(
    _ count: Int,
    _ body: @escaping @Sendable (QueuedPredictor, RedisJobQueue, RedisClient) async throws -> Void
  ) async throws {
    try await withRedis { server in
      let redis = RedisClient(try RedisConfiguration(url: server.url), logger: .quiet)
      let metrics = PrometheusRegistry()
      let queue = RedisJobQueue(redis, metrics: metrics, logger: .quiet)
      let local = LocalPredictor(try catalog())
      let sources = (0..<count).map { _ in
        RedisJobSource(redis, metrics: metrics, logger: .quiet)
      }
      let workers = sources.map { Worker(source: $0, predictor: local, logger: .quiet) }
      try await withServices([redis, queue] + sources + workers) {
        _ = await redis.connected()
        try await body(QueuedPredictor(queue), queue, redis)
      }
    }
  }

  static func request(_ rows: Matrix = row, model: ModelID = iris) -> PredictionRequest {
    PredictionRequest(
      model: model, rows: rows,
      outputs: [.predict, .probabilities, .classNumber, .margin, .contributions, .leaves],
      deadline: .after(.seconds(10)))
  }

  @Test("gives through the queue what the model gives in this process")
  func sameAnswer() async throws {
    let expected = try await LocalPredictor(Self.catalog()).predict(Self.request())
    try await Self.withWorkers(2) { predictor, _, _ in
      for _ in 0..<20 {
        let answer = try await predictor.predict(Self.request())
        #expect(answer == expected)
        // The worker's own time at the model comes along.
        #expect(try #require(answer.computation) > .zero)
      }
    }
  }

  @Test("answers many requests at once, each with its own rows")
  func many() async throws {
    let local = LocalPredictor(try Self.catalog())
    try await Self.withWorkers(3) { predictor, _, _ in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<500 {
          group.addTask {
            let rows = Matrix(
              rowCount: 2, columnCount: 4, values: (0..<8).map { Float(($0 * index) % 70) / 10 })
            let expected = try await local.predict(Self.request(rows))
            return try await predictor.predict(Self.request(rows)) == expected
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
    }
  }

  @Test("brings the worker's own refusal back to the caller")
  func refusal() async throws {
    try await Self.withWorkers(1) { predictor, _, _ in
      let unknown = await #expect(throws: PredictionError.self) {
        try await predictor.predict(Self.request(model: ModelID(name: "none", version: "1")))
      }
      #expect(unknown?.code == .unknownModel)
      let narrow = await #expect(throws: PredictionError.self) {
        try await predictor.predict(
          Self.request(Matrix(rowCount: 1, columnCount: 1, values: [1])))
      }
      #expect(narrow?.code == .invalidRequest)
    }
  }

  @Test("sets a payload aside that is no request, and goes on")
  func damagedPayload() async throws {
    try await Self.withWorkers(1) { predictor, queue, redis in
      let error = await #expect(throws: JobError.self) {
        try await queue.submit(ByteBuffer(string: "nonsense"), deadline: .after(.seconds(10)))
      }
      #expect(error?.code == .failed)
      let dead = try await redis.send(["XRANGE", "{coppice}:dead", "-", "+"])
      #expect(dead.elements?.first?.elements?.last?["p"]?.text == "nonsense")
      let answer = try await predictor.predict(Self.request())
      #expect(answer.values[.classNumber]?.values.count == 1)
    }
  }
}
