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
  /// Where requests with `Prefer: respond-async` go; nil for a server that has no jobs.
  let jobs: JobRoutes?

  var route: Route {
    Route(
      method: .post, path: "/api/predict",
      description: RouteDescription(
        group: .predict, summary: "Predict rows: a class by name and number, or a number",
        parameters: .predict + [
          .preferAsync
        ],
        request: [("application/json", .named("PredictRequest"))],
        answer: [("application/json", .named("PredictAnswer"))],
        errors: .prediction),
      work: .prediction { [service] call in
        let predict = try PredictCall(
          call.head, catalog: service.catalog, timeout: service.timeout)
        let (request, answer) = try predict.decode(call.body)
        return PendingPrediction(request: request) { RouteAnswer(try answer.encode($0)) }
      }
    ).deferred(to: jobs)
  }
}

extension RouteDescription.Parameter {
  /// How a route that can make a request a job is told so.
  static let preferAsync = Self(
    "Prefer", in: .header,
    "`wait=5`: how long to wait at most, in seconds, up to 300; `respond-async`: make it a job")
}

extension [RouteDescription.Parameter] {
  /// What the URL says of the rows of `/api/predict`, and of jobs.
  static let predict: Self = [
    .init("model", in: .query, "which model; not needed when only one is served"),
    .init("version", in: .query, "which version; the newest when it is left out"),
    .init(
      "probabilities", in: .query, "whether to give the probability of each class too", .flag),
    .init(
      "top_k", in: .query, "how many features to name that moved the prediction most",
      Schema(json: #"{"type":"integer","minimum":0,"maximum":1048576}"#)),
  ]
}
