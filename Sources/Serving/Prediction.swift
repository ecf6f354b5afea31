public import Forest
public import Jobs

/// Rows for one version of one model, and what is wanted of them.
public struct PredictionRequest: Sendable, Equatable {
  /// The model, chosen once, when the request was accepted.
  public var model: ModelID
  /// One row a prediction; as many columns as the model has features.
  public var rows: Matrix
  /// What to compute; at least one output.
  public var outputs: [Output]
  /// When the caller stops waiting.
  public var deadline: Deadline
  /// Which requests go first where they wait in a queue.
  public var priority = JobPriority.interactive
  /// The model itself, where the request was checked against it in this process: a request ends
  /// with the model that it began with, whatever is swapped in the meantime.
  public private(set) var loaded: Model?

  /// A request for a model in this process.
  public init(model: Model, rows: Matrix, outputs: [Output], deadline: Deadline) {
    self.init(model: model.id, rows: rows, outputs: outputs, deadline: deadline)
    loaded = model
  }

  /// A request.
  public init(model: ModelID, rows: Matrix, outputs: [Output], deadline: Deadline) {
    self.model = model
    self.rows = rows
    self.outputs = outputs
    self.deadline = deadline
  }

  /// Whether both ask for the same; how urgent it is says nothing about that.
  public static func == (left: PredictionRequest, right: PredictionRequest) -> Bool {
    left.model == right.model && left.rows == right.rows && left.outputs == right.outputs
      && left.deadline == right.deadline
  }
}

/// What a model answered: a matrix an output, each with a row for every row of the request.
public struct Prediction: Sendable, Equatable {
  /// The values of each output: one column, or one a class.
  public var values: [Output: Matrix]
  /// How long the model was at work, if that is known; says nothing about whether answers are equal.
  public var computation: Duration?
  /// How long it took from request to answer, waiting included, if ``MeteredPredictor`` measured it;
  /// says nothing about whether answers are equal.
  var duration: Duration?

  /// An answer.
  public init(values: [Output: Matrix], computation: Duration? = nil) {
    self.values = values
    self.computation = computation
  }

  /// Whether both have the same values.
  public static func == (left: Prediction, right: Prediction) -> Bool {
    left.values == right.values
  }
}

/// Whatever can answer a prediction: this process itself, or workers behind a queue.
public protocol Predicting: Sendable {
  /// Predicts, or says why not, before the deadline of the request.
  func predict(_ request: PredictionRequest) async throws(PredictionError) -> Prediction

  /// Predicts on the caller's thread if that takes next to no time; otherwise nil, and nothing was
  /// done.
  func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction?

  /// Begins to predict; computes nothing on the caller's thread.
  ///
  /// - Parameter answer: called once, on any thread and perhaps before this returns.
  /// - Returns: to be called when nobody waits any more; the answer is `cancelled` then, unless it was
  ///   given before.
  func begin(
    _ request: PredictionRequest, then answer: @escaping @Sendable (PredictionResult) -> Void
  ) -> @Sendable () -> Void
}

/// What comes of a request.
public typealias PredictionResult = Result<Prediction, PredictionError>

extension Predicting {
  /// Nil: most predictors have to wait for something.
  public func predictAtOnce(_ request: PredictionRequest) throws(PredictionError) -> Prediction? {
    nil
  }

  /// Predicts in a task.
  public func begin(
    _ request: PredictionRequest, then answer: @escaping @Sendable (PredictionResult) -> Void
  ) -> @Sendable () -> Void {
    let task = Task {
      do throws(PredictionError) {
        answer(.success(try await predict(request)))
      } catch {
        answer(.failure(error))
      }
    }
    return { task.cancel() }
  }
}
