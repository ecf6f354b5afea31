public import Jobs
public import Logging
public import ServiceLifecycle
public import Serving

/// Takes prediction jobs in batches, predicts, and commits the answers.
///
/// When it is told to stop it finishes what it has taken and takes no more.
public struct Worker: Service {
  private let source: any JobSource
  private let predictor: any Predicting
  private let batchSize: Int
  private let logger: Logger

  /// A worker.
  ///
  /// - Parameters:
  ///   - source: where the jobs come from; its service must run for longer than this one.
  ///   - predictor: what answers them.
  ///   - batchSize: the largest number of jobs that are taken, and committed, at once.
  public init(
    source: any JobSource, predictor: any Predicting, batchSize: Int = 32, logger: Logger
  ) {
    self.source = source
    self.predictor = predictor
    self.batchSize = batchSize
    self.logger = logger
  }

  /// Works until the service is shut down.
  public func run() async throws {
    logger.info("worker started", metadata: ["batch": "\(batchSize)"])
    while true {
      let jobs = await source.take(upTo: batchSize)
      // None come only when it is time to stop.
      if jobs.isEmpty { return }
      var results: [(job: Job, outcome: JobOutcome)] = []
      for job in jobs { results.append((job, await outcome(of: job))) }
      await source.complete(results)
    }
  }

  /// Predicts; what the request itself did wrong is an answer too.
  private func outcome(of job: Job) async -> JobOutcome {
    guard let request = PredictionCodec.decodeRequest(job.payload, deadline: job.deadline) else {
      return .dead("the job's payload is no prediction request")
    }
    do throws(PredictionError) {
      return .done(PredictionCodec.encode(.success(try await predictor.predict(request))))
    } catch {
      return error.code == .deadlineExceeded
        ? .expired : .done(PredictionCodec.encode(.failure(error)))
    }
  }
}
