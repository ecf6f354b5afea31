import Forest
public import Jobs

/// Predicts through the job queue: workers elsewhere do the work.
public struct QueuedPredictor: Predicting {
  private let queue: any JobQueue

  /// A predictor that hands its requests to this queue.
  public init(_ queue: any JobQueue) {
    self.queue = queue
  }

  /// True: workers compute.
  public var isRemote: Bool { true }

  /// Hands the request in and waits for the answer, until the deadline.
  public func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction {
    let answer: Result<Prediction, PredictionError>?
    do throws(JobError) {
      answer = PredictionCodec.decodeAnswer(
        try await queue.submit(
          PredictionCodec.encode(request), priority: request.priority, deadline: request.deadline))
    } catch {
      throw PredictionError(error)
    }
    guard let answer else {
      throw PredictionError(.internal, "a worker's answer cannot be read; is it another version?")
    }
    let prediction = try answer.get()
    guard prediction.values.values.allSatisfy({ $0.rowCount == request.rows.rowCount }),
      Set(prediction.values.keys) == Set(request.outputs)
    else { throw PredictionError(.internal, "a worker's answer is not what was asked for") }
    return prediction
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
