import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import Jobs
import NIOCore
import Serving

/// `POST /api/predict`: rows of JSON in, class names and numbers out.
///
/// `?model=` and `?version=` choose the model, `?probabilities=true` asks for them, and
/// `Prefer: wait=5` (RFC 7240) bounds the time, in seconds.
struct PredictRoute {
  /// The longest time that a caller may ask for.
  static let longestWait = 300

  let catalog: ModelCatalog
  let predictor: any Predicting
  let timeout: Duration
  let maximumBodySize: Int

  func add(to router: Router<some RequestContext>) {
    router.only(.post, "/api/predict") { request, _ in try await respond(to: request) }
  }

  private func respond(to request: Request) async throws -> Response {
    let wait = try request.preferredWait
    let deadline = Deadline.after(wait.map { .seconds($0) } ?? timeout)
    try request.requireJSON()
    let query = try PredictQuery(request.uri.queryParameters)
    let model = try catalog.model(named: query.model, version: query.version)
    let body = try await PredictBody(request.collectBody(upTo: maximumBodySize), for: model)
    let wantsProbabilities = query.wantsProbabilities ?? body.wantsProbabilities ?? false
    let prediction = try await predictor.predict(
      PredictionRequest(
        model: model.id, rows: body.rows,
        outputs: wantsProbabilities ? [.predict, .probabilities] : [.predict], deadline: deadline))
    let answer = PredictAnswer(model: model, prediction: prediction, isSingleRow: body.isSingleRow)
    var response = Response.json(answer.encode())
    if let wait { response.headers[.preferenceApplied] = "wait=\(wait)" }
    return response
  }
}

/// What the URL of a prediction asks for.
private struct PredictQuery {
  var model: String?
  var version: String?
  var wantsProbabilities: Bool?

  init(_ parameters: FlatDictionary<Substring, Substring>) throws {
    for (key, value) in parameters {
      switch key {
      case "model": model = String(value)
      case "version": version = String(value)
      case "probabilities":
        guard let flag = Bool(String(value)) else {
          throw Problem.badRequest(
            "wrong_type", "probabilities must be true or false", field: "probabilities")
        }
        wantsProbabilities = flag
      default:
        throw Problem.badRequest(
          "unknown_parameter",
          "unknown parameter \(String(key.prefix(40)).jsonQuoted); "
            + "there are model, version and probabilities", field: String(key.prefix(40)))
      }
    }
  }
}
