import Forest
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import Serving

/// How jobs come in.
extension JobRoutes {
  /// - Parameter model: the model that the path of an inference names.
  func accept(
    _ request: Request, model: (name: String, version: String?)? = nil
  ) async throws -> Response {
    let call = try JobCall(request.head, catalog: catalog, service: service, model: model)
    let accepted: AcceptedJob
    if call.isTable {
      accepted = try await acceptRows(request, call)
    } else {
      accepted = try await acceptWhole(request, call)
    }
    return Response(answer(try await queue.record(of: accepted.id), status: .accepted))
  }

  /// Any other body is one piece.
  private func acceptWhole(_ request: Request, _ head: JobCall) async throws -> AcceptedJob {
    var call = head
    let sent = try await request.collectBody(upTo: maximumBodySize)
    call.note(sent)
    let body = try ContentCoding.decoded(sent, request.head, limit: maximumBodySize)
    let (prediction, context) = try call.decode(body, request.head)
    return try await queue.accept(
      call.job(context), payload: PredictionCodec.encode(prediction), rows: prediction.rows.rowCount
    )
  }

  /// A body of many rows is cut into pieces as it comes in; workers begin with the first ones while
  /// the last ones are still on their way, and no more than a piece is in memory.
  private func acceptRows(_ request: Request, _ head: JobCall) async throws -> AcceptedJob {
    var call = head
    let model = call.predict.model
    let form: JobContext.Form = call.body == .csv ? .csv : .ndjson
    let context = JobContext(
      model: model.id, form: form, reasonCount: call.predict.reasonCount ?? 0)
    if let coding = request.headers[.contentEncoding], coding.lowercased() != "identity" {
      throw Problem(
        status: .unsupportedMediaType, code: "unsupported_media_type",
        detail: "a table is taken as it is, without a Content-Encoding", field: "Content-Encoding",
        headers: [.acceptEncoding: "identity"])
    }
    let limit = service.configuration.maximumBatchSize
    if let length = request.headers[.contentLength].flatMap(Int.init), length > limit {
      throw Problem.tooLarge(limit: limit)
    }
    let job = call.job(context)
    let id = try await queue.open(job)
    do {
      // While a piece is handed in, the next one is read.
      try await withThrowingTaskGroup(of: Void.self) { group in
        var cutter = RowCutter(model: model, isCSV: form == .csv)
        var number = 0
        var size = 0
        func append(_ rows: Matrix) async throws {
          try await group.next()
          let (predict, piece) = (call.predict, number)
          group.addTask { try await self.append(rows, piece, to: id, as: job, predict) }
          number += 1
        }
        for try await bytes in request.body {
          size += bytes.readableBytes
          guard size <= limit else { throw Problem.tooLarge(limit: limit) }
          call.note(bytes)
          try cutter.feed(bytes)
          while let rows = cutter.next() { try await append(rows) }
        }
        try cutter.finish()
        while let rows = cutter.next() { try await append(rows) }
        try await group.next()
      }
      return try await queue.seal(id, as: call.job(context))
    } catch {
      // Nobody knows this job; what is computed of it goes nowhere.
      _ = try? await queue.cancel(id)
      throw error
    }
  }

  private func append(
    _ rows: Matrix, _ number: Int, to id: JobID, as job: DurableJob, _ call: PredictCall
  ) async throws {
    let payload = PredictionCodec.encode(call.request(for: rows))
    do throws(JobError) {
      try await queue.append(payload, rows: rows.rowCount, number: number, to: id, as: job)
    } catch {
      guard error.code == .finished else { throw error }
      // It failed before its body was in: what a worker says against it is the answer.
      let record = try await queue.record(of: id)
      throw Problem.badRequest(
        "job_failed", record.message.isEmpty ? "the job is \(record.state)" : record.message)
    }
  }
}

extension PredictCall {
  /// A part of the rows of a larger request.
  func request(for rows: Matrix) -> PredictionRequest {
    var outputs = [model.answer]
    if wantsProbabilities == true { outputs.append(.probabilities) }
    if reasonCount ?? 0 > 0 { outputs.append(.contributions) }
    return PredictionRequest(
      model: model.id, rows: rows, outputs: outputs, deadline: deadline)
  }
}
