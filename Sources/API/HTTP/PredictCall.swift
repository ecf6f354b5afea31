import Forest
import HTTPTypes
import HummingbirdCore
import JSON
import Jobs
import NIOCore
import Serving

/// One call of `POST /api/predict`: what its head asks for, then its body, then its answer.
struct PredictCall {
  let model: Model
  let deadline: Deadline
  let wantsProbabilities: Bool?
  let reasonCount: Int?

  /// Reads the head of a request.
  ///
  /// - Parameters:
  ///   - timeout: how long it may take when it does not say so itself.
  ///   - chosen: the model where the path names it, not the query.
  /// - Throws: ``Problem`` or `PredictionError`.
  init(
    _ head: HTTPRequest, catalog: ModelCatalog, timeout: Duration,
    model chosen: (name: String, version: String?)? = nil
  ) throws {
    deadline = .after(try head.preferredWait.map { .seconds($0) } ?? timeout)
    try head.requireJSON()
    let query = try head.query("model", "version", "probabilities", "top_k")
    model = try catalog.model(
      named: chosen?.name ?? query["model"], version: chosen?.version ?? query["version"],
      header: head.value(ofHeader:))
    wantsProbabilities = try query["probabilities"].map { text in
      guard let flag = Bool(text) else {
        throw Problem.badRequest(
          "wrong_type", "probabilities must be true or false", field: "probabilities")
      }
      return flag
    }
    reasonCount = try query["top_k"].map { text in
      guard let count = Int(text), 0...(1 << 20) ~= count else {
        throw Problem.badRequest("wrong_type", "top_k must be a whole number", field: "top_k")
      }
      return count
    }
  }

  /// Reads the body, and says how to encode the answer.
  func decode(_ body: ByteBuffer) throws -> (PredictionRequest, PredictAnswer) {
    let body = try PredictBody(body, for: model)
    let answer = PredictAnswer(
      model: model, isSingleRow: body.isSingleRow, warnings: body.warnings,
      reasonCount: reasonCount ?? body.reasonCount ?? 0)
    var outputs = [model.answer]
    if wantsProbabilities ?? body.wantsProbabilities ?? false { outputs.append(.probabilities) }
    if answer.reasonCount > 0 { outputs.append(.contributions) }
    let request = PredictionRequest(
      model: model, rows: body.rows, outputs: outputs, deadline: deadline)
    return (request, answer)
  }
}
