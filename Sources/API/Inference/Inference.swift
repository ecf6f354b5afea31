import Forest
import Jobs
import Serving

/// A request that was checked against a model, and that knows how to turn the model's prediction
/// into the answer.
struct Inference: Sendable {
  /// What the predictor is asked.
  let prediction: PredictionRequest
  /// How the answer is made.
  let answer: InferenceAnswer

  /// The model, chosen once.
  var model: Model { answer.model }

  /// Checks a request.
  ///
  /// - Parameters:
  ///   - deadline: when the caller stops waiting; the request's own `timeout`, in microseconds, can
  ///     make it earlier.
  ///   - requestID: stands in where the request has no id of its own.
  /// - Throws: ``PredictionError`` that names what does not fit.
  init(
    _ request: InferenceRequest, for model: Model, deadline: Deadline, requestID: String
  ) throws(PredictionError) {
    let wanted = try Self.outputs(request, of: model)
    let rows = try InferenceRows(request.inputs, for: model)
    answer = InferenceAnswer(
      model: model, id: request.id ?? requestID, outputs: wanted, warnings: rows.warnings)
    var prediction = PredictionRequest(
      model: model, rows: rows.matrix,
      outputs: Output.allCases.filter { output in wanted.contains { $0.output == output } },
      deadline: try Self.deadline(request, deadline))
    prediction.priority = try Self.priority(request)
    self.prediction = prediction
  }

  /// The answer.
  func response(to prediction: Prediction) throws(PredictionError) -> InferenceResponse {
    try answer.response(to: prediction)
  }

  private static func outputs(
    _ request: InferenceRequest, of model: Model
  ) throws(PredictionError) -> [WantedOutput] {
    let isBinary = request.parameters["binary_data_output"]?.boolValue
    guard let requested = request.outputs, !requested.isEmpty else {
      return model.defaultOutputs.map { WantedOutput(output: $0, wantsBinary: isBinary) }
    }
    var outputs: [WantedOutput] = []
    for requested in requested {
      let wanted = try WantedOutput(requested, of: model, isBinary: isBinary)
      guard !outputs.contains(where: { $0.output == wanted.output }) else {
        throw PredictionError(
          .invalidRequest, "output \(requested.name) is asked for twice", field: "outputs")
      }
      outputs.append(wanted)
    }
    return outputs
  }

  /// 1 is the most urgent, and 0 the model's own, which is the same here; the queue knows three classes.
  private static func priority(_ request: InferenceRequest) throws(PredictionError) -> JobPriority {
    guard let priority = request.parameters["priority"] else { return .interactive }
    guard let value = priority.integerValue, value >= 0 else {
      throw PredictionError(
        .invalidRequest, "priority takes a whole number from 0 on", field: "parameters.priority")
    }
    return switch value {
    case 0, 1: .interactive
    case 2: .normal
    default: .bulk
    }
  }

  private static func deadline(
    _ request: InferenceRequest, _ deadline: Deadline
  ) throws(PredictionError) -> Deadline {
    guard let timeout = request.parameters["timeout"] else { return deadline }
    guard let microseconds = timeout.integerValue, microseconds >= 0 else {
      throw PredictionError(
        .invalidRequest, "timeout takes a number of microseconds", field: "parameters.timeout")
    }
    guard microseconds > 0 else { return deadline }
    return min(deadline, .after(.microseconds(min(microseconds, 1 << 50))))
  }
}

extension RowWarnings {
  /// As parameters of an answer.
  var parameters: [(name: String, value: InferenceParameter)] {
    guard count > 0 else { return [] }
    let text = told.map(\.line).joined(separator: "\n")
    return [("warnings", .text(text)), ("warning_count", .integer(Int64(count)))]
  }
}
