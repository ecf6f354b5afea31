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
  private let reasonCount: Int?

  /// Reads the head of a request.
  ///
  /// - Parameter timeout: how long it may take when it does not say so itself.
  /// - Throws: ``Problem`` or `PredictionError`.
  init(_ head: HTTPRequest, catalog: ModelCatalog, timeout: Duration) throws {
    deadline = .after(try head.preferredWait.map { .seconds($0) } ?? timeout)
    try head.requireJSON()
    let query = try head.query("model", "version", "probabilities", "top_k")
    model = try catalog.model(named: query["model"], version: query["version"])
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
  ///
  /// - Parameter takesUnknownCategories: whether the answer has a place for warnings of them.
  func decode(
    _ body: ByteBuffer, takesUnknownCategories: Bool = true
  ) throws -> (PredictionRequest, PredictAnswer) {
    let body = try PredictBody(
      body, for: model, takesUnknownCategories: takesUnknownCategories)
    let answer = PredictAnswer(
      model: model, isSingleRow: body.isSingleRow, warnings: body.warnings,
      reasonCount: reasonCount ?? body.reasonCount ?? 0)
    var outputs = [model.answer]
    if wantsProbabilities ?? body.wantsProbabilities ?? false { outputs.append(.probabilities) }
    if answer.reasonCount > 0 { outputs.append(.contributions) }
    let request = PredictionRequest(
      model: model.id, rows: body.rows, outputs: outputs, deadline: deadline)
    return (request, answer)
  }
}
