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
    await withTaskExecutorPreference(source.executor) {
      var results: [(job: Job, outcome: JobOutcome)] = []
      while true {
        let jobs = await source.take(upTo: batchSize, completing: results)
        // None come only when it is time to stop.
        if jobs.isEmpty { return }
        let outcomes = await outcomes(of: jobs)
        results = zip(jobs, outcomes).map { ($0, $1) }
      }
    }
  }

  /// Predicts jobs that go together in one call.
  private func outcomes(of jobs: [Job]) async -> [JobOutcome] {
    let requests = jobs.map { job in
      PredictionCodec.decodeRequest(job.payload, deadline: job.deadline)
    }
    var outcomes = [JobOutcome](
      repeating: .dead("the job's payload is no prediction request"), count: jobs.count)
    for batch in PredictionBatch.batches(of: requests) {
      if batch.positions.count > 1, let prediction = try? await predictor.predict(batch.request),
        let parts = batch.split(prediction)
      {
        for (position, part) in zip(batch.positions, parts) {
          outcomes[position] =
            jobs[position].deadline.hasPassed
            ? .expired : .done(PredictionCodec.encode(.success(part)))
        }
        continue
      }
      // One by one, so that a request that is at fault fails alone.
      for position in batch.positions {
        guard let request = requests[position] else { continue }
        outcomes[position] = await outcome(of: jobs[position], request)
      }
    }
    return outcomes
  }

  /// Predicts; what the request itself did wrong is an answer too.
  private func outcome(of job: Job, _ request: PredictionRequest) async -> JobOutcome {
    do throws(PredictionError) {
      return .done(PredictionCodec.encode(.success(try await predictor.predict(request))))
    } catch {
      if error.code == .deadlineExceeded { return .expired }
      // Whoever waits gets the error as it is; a durable job keeps what it says.
      return job.piece == nil
        ? .done(PredictionCodec.encode(.failure(error))) : .failed(error.message)
    }
  }
}
