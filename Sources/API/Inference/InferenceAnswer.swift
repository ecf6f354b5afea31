import Serving

/// How what is predicted becomes the answer to an inference request.
struct InferenceAnswer: Sendable {
  /// The model, chosen once.
  let model: Model
  /// The request's id.
  let id: String
  /// What it asks for.
  let outputs: [WantedOutput]
  /// What is odd about its rows.
  let warnings: RowWarnings

  /// The answer.
  ///
  /// - Throws: ``PredictionError`` when the prediction is not the model's.
  func response(to prediction: Prediction) throws(PredictionError) -> InferenceResponse {
    var tensors: [OutputTensor] = []
    for wanted in outputs {
      guard let values = prediction.values[wanted.output] else {
        throw PredictionError(.internal, "the predictor left out \(wanted.output.rawValue)")
      }
      tensors.append(try wanted.tensor(values, model))
    }
    return InferenceResponse(
      modelName: model.id.name, modelVersion: model.id.version, id: id,
      parameters: warnings.parameters, outputs: tensors)
  }
}
