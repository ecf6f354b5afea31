import HTTPTypes
import JSON
import NIOCore
import Serving

/// `POST /api/predict`: rows of JSON in, class names and numbers out.
///
/// `?model=` and `?version=` choose the model, `?probabilities=true` and `?top_k=` ask for more, and
/// `Prefer: wait=5` (RFC 7240) bounds the time, in seconds.
struct PredictRoute {
  let service: InferenceService

  var route: Route {
    Route(
      method: .post, path: "/api/predict",
      description: RouteDescription(
        group: .predict, summary: "Predict rows: a class by name and number, or a number",
        parameters: [
          .init("model", in: .query, "which model; not needed when only one is served"),
          .init("version", in: .query, "which version; the newest when it is left out"),
          .init(
            "probabilities", in: .query, "whether to give the probability of each class too",
            Schema(json: #"{"type":"boolean"}"#)),
          .init(
            "top_k", in: .query, "how many features to name that moved the prediction most",
            Schema(json: #"{"type":"integer","minimum":0,"maximum":1048576}"#)),
          .prefer,
        ],
        request: [("application/json", .named("PredictRequest"))],
        answer: [("application/json", .named("PredictAnswer"))],
        errors: .prediction + [.unsupportedMediaType]),
      work: .prediction { [service] call in
        let query = try call.query("model", "version", "probabilities", "top_k")
        let deadline = try call.deadline(service.timeout)
        try call.head.requireJSON()
        let model = try call.model(service, named: query["model"], version: query["version"])
        let probabilities = try query["probabilities"].map { text in
          guard let flag = Bool(text) else {
            throw Problem.badRequest(
              "wrong_type", "probabilities must be true or false", field: "probabilities")
          }
          return flag
        }
        let reasonCount = try query["top_k"].map { text in
          guard let count = Int(text), 0...(1 << 20) ~= count else {
            throw Problem.badRequest("wrong_type", "top_k must be a whole number", field: "top_k")
          }
          return count
        }
        let body = try PredictBody(call.body, for: model)
        let answer = PredictAnswer(
          model: model, isSingleRow: body.isSingleRow, warnings: body.warnings,
          reasonCount: reasonCount ?? body.reasonCount ?? 0)
        var outputs = [model.answer]
        if probabilities ?? body.wantsProbabilities ?? false { outputs.append(.probabilities) }
        if answer.reasonCount > 0 { outputs.append(.contributions) }
        return PendingPrediction(
          request: PredictionRequest(
            model: model.id, rows: body.rows, outputs: outputs, deadline: deadline)
        ) { RouteAnswer(try answer.encode($0)) }
      })
  }
}
