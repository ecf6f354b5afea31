import HTTPTypes
import Jobs
import NIOCore
import Serving

/// Bodies that are in memory as a whole: rows for `/api/predict`, or an inference request.
extension JobCall {
  /// An id is a name, and it is told with every look at the job.
  private static let longestID = 4096

  /// Decodes a body.
  ///
  /// - Throws: ``Problem``, `JSONError` or `PredictionError`.
  mutating func decode(
    _ bytes: ByteBuffer, _ head: HTTPRequest
  ) throws -> (PredictionRequest, JobContext) {
    guard body == .tensors || V2Request.isOne(bytes) else {
      let (request, answer) = try predict.decode(bytes)
      let context = JobContext(
        model: request.model, form: .json, isSingleRow: answer.isSingleRow,
        reasonCount: answer.reasonCount, warnings: answer.warnings)
      return (request, context)
    }
    guard predict.wantsProbabilities == nil, predict.reasonCount == nil else {
      throw Problem.badRequest(
        "invalid_parameter",
        "a body with inputs names its outputs itself; leave probabilities and top_k out of the URL")
    }
    var random = SystemRandomNumberGenerator()
    let inference = try Inference(
      try V2Request(bytes, head, model: predict.model).request, for: predict.model,
      deadline: deadline,
      requestID: head.acceptableID ?? JobID(using: &random).description)
    let answer = inference.answer
    guard answer.id.utf8.count <= Self.longestID else {
      throw Problem.badRequest(
        "too_long", "the id of a job's request has at most \(Self.longestID) bytes", field: "id")
    }
    deadline = inference.prediction.deadline
    let context = JobContext(
      model: answer.model.id, form: .tensors, requestID: answer.id, outputs: answer.outputs,
      warnings: answer.warnings)
    return (inference.prediction, context)
  }
}
