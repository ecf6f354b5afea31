import Forest
public import Jobs
import NIOCore

/// Predicts through the job queue: workers elsewhere do the work.
public struct QueuedPredictor: Predicting {
  private let queue: any JobQueue

  /// A predictor that hands its requests to this queue.
  public init(_ queue: any JobQueue) {
    self.queue = queue
  }

  /// Hands the request in and waits for the answer, until the deadline.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    let answer: Result<ByteBuffer, JobError>
    do throws(JobError) {
      answer = .success(
        try await queue.submit(
          PredictionCodec.encode(request), priority: request.priority, deadline: request.deadline))
    } catch {
      answer = .failure(error)
    }
    return try Self.prediction(answer, to: request).get()
  }

  /// Hands the request in.
  public func begin(
    _ request: PredictionRequest, then answer: @escaping @Sendable (PredictionResult) -> Void
  ) -> @Sendable () -> Void {
    queue.begin(
      PredictionCodec.encode(request), priority: request.priority, deadline: request.deadline
    ) { answer(Self.prediction($0, to: request)) }
  }

  /// What a worker's answer says, if it answers this request.
  private static func prediction(
    _ answer: Result<ByteBuffer, JobError>, to request: PredictionRequest
  ) -> PredictionResult {
    switch answer {
    case .failure(let error): return .failure(PredictionError(error))
    case .success(let bytes):
      guard let result = PredictionCodec.decodeAnswer(bytes) else {
        return .failure(
          PredictionError(.internal, "a worker's answer cannot be read; is it another version?"))
      }
      guard case .success(let prediction) = result else { return result }
      // An output may be asked for twice.
      guard prediction.values.keys.allSatisfy(request.outputs.contains),
        request.outputs.allSatisfy({
          prediction.values[$0]?.rowCount == request.rows.rowCount
        })
      else {
        return .failure(
          PredictionError(.internal, "a worker's answer is not what was asked for"))
      }
      return result
    }
  }
}

extension PredictionError {
  fileprivate init(_ error: JobError) {
    switch error.code {
    case .full: self.init(.overloaded, error.message, retryAfter: error.retryAfter)
    case .tooLarge: self.init(.tooLarge, error.message, field: "data")
    case .expired: self.init(.deadlineExceeded, error.message)
    case .unavailable: self.init(.unavailable, error.message, retryAfter: .seconds(1))
    case .failed, .unknown, .finished, .mismatch: self.init(.internal, error.message)
    case .cancelled: self.init(.cancelled, error.message)
    }
  }
}
