import Forest
import HTTPTypes
import HummingbirdCore
import JSON
import Jobs
import NIOCore
import Serving

/// One call of `POST /api/predict`: what its head asks for, then its body, then its answer.
struct PredictCall {
  /// The longest time that a caller may ask for, in seconds.
  static let longestWait = 300

  private let model: Model
  private let deadline: Deadline
  private let wait: Int?
  private let wantsProbabilities: Bool?

  /// Reads the head of a request.
  ///
  /// - Parameter timeout: how long it may take when it does not say so itself.
  /// - Throws: ``Problem`` or `PredictionError`.
  init(_ head: HTTPRequest, catalog: ModelCatalog, timeout: Duration) throws {
    wait = try head.preferredWait
    deadline = .after(wait.map { .seconds($0) } ?? timeout)
    try head.requireJSON()
    let query = try PredictQuery(head.path ?? "")
    model = try catalog.model(named: query.model, version: query.version)
    wantsProbabilities = query.wantsProbabilities
  }

  /// Reads the body, and says how to encode the answer.
  func decode(_ body: ByteBuffer) throws -> (PredictionRequest, PredictAnswer) {
    let body = try PredictBody(body, for: model)
    let wantsProbabilities = wantsProbabilities ?? body.wantsProbabilities ?? false
    let request = PredictionRequest(
      model: model.id, rows: body.rows,
      outputs: [model.answer] + (wantsProbabilities ? [.probabilities] : []), deadline: deadline)
    return (request, PredictAnswer(model: model, isSingleRow: body.isSingleRow))
  }

  /// The header fields of an answer with status 200.
  var headers: HTTPFields {
    var headers: HTTPFields = [.contentType: "application/json"]
    if let wait { headers[.preferenceApplied] = "wait=\(wait)" }
    return headers
  }
}

/// What the URL of a prediction asks for.
private struct PredictQuery {
  var model: String?
  var version: String?
  var wantsProbabilities: Bool?

  init(_ path: String) throws {
    guard path.utf8.contains(UInt8(ascii: "?")) else { return }
    for (key, value) in URI(path).queryParameters {
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
        let key = String(key.prefix(40))
        throw Problem.badRequest(
          "unknown_parameter",
          "unknown parameter \(key.jsonQuoted); "
            + "there are model, version and probabilities", field: key)
      }
    }
  }
}
