import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import ServiceLifecycle
import Serving

/// How results and events go out.
extension JobRoutes {
  /// The result, piece by piece.
  func result(of id: JobID) async throws -> Response {
    let record = try await queue.record(of: id)
    guard record.state == .done else { throw Problem(noResult: record) }
    guard let context = JobContext(record.context) else {
      throw Problem(
        status: .internalServerError, code: "internal",
        detail: "the job's record cannot be read; is it from another version?")
    }
    // The first piece is read before the status is sent, the others while it is under way.
    let first = try await prediction(0, of: record)
    let model = try catalog.loading(context.model)
    let answer = PredictAnswer(
      model: model, isSingleRow: context.isSingleRow, warnings: context.warnings,
      reasonCount: context.reasonCount)
    switch context.form {
    case .json: return Response(RouteAnswer(try answer.encode(first)))
    case .tensors:
      let answer = InferenceAnswer(
        model: model, id: context.requestID, outputs: context.outputs, warnings: context.warnings)
      return Response(try answer.response(to: first).v2Answer)
    case .csv: return rows(of: record, first, answer, .csv, "text/csv; charset=utf-8")
    case .ndjson: return rows(of: record, first, answer, .ndjson, "application/x-ndjson")
    }
  }

  private func rows(
    of record: JobRecord, _ first: Prediction, _ answer: PredictAnswer, _ form: JobContext.Form,
    _ mediaType: String
  ) -> Response {
    let writer = RowWriter(answer: answer, form: form)
    return Response(
      status: .ok, headers: [.contentType: mediaType],
      body: .init { body in
        try await body.write(writer.header(for: first))
        var current = first
        for piece in stride(from: 1, to: record.pieces, by: 1) {
          // While a piece is written, the next one is fetched.
          async let next = prediction(piece, of: record)
          try await body.write(writer.rows(current))
          current = try await next
        }
        try await body.write(writer.rows(current))
        try await body.finish(nil)
      })
  }

  private func prediction(_ piece: Int, of record: JobRecord) async throws -> Prediction {
    guard let bytes = try await queue.answer(to: piece, of: record.id) else {
      throw Problem(
        status: .gone, code: "result_expired",
        detail: "the result of the job is not kept any more; send it again")
    }
    guard let answer = PredictionCodec.decodeAnswer(bytes) else {
      throw Problem(
        status: .internalServerError, code: "internal",
        detail: "the stored result cannot be read; is it from another version?")
    }
    return try answer.get()
  }

  /// What becomes of a job, as server-sent events: `progress` and at last `end`, each with the status
  /// as JSON.
  func events(of id: JobID) async throws -> Response {
    let record = try await queue.record(of: id)
    return Response(
      status: .ok,
      headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
      body: .init { body in
        var last = record
        try await body.write(Self.event(last))
        while !last.state.isFinal, !Task.isCancelled, !Task.isShuttingDownGracefully {
          let next = try await nextChange(after: last)
          // A comment, so that nobody in between takes the connection for dead.
          try await body.write(
            next.version > last.version ? Self.event(next) : ByteBuffer(string: ": \n\n"))
          last = next
        }
        try await body.finish(nil)
      })
  }

  private static func event(_ record: JobRecord) -> ByteBuffer {
    let name = record.state.isFinal ? "end" : "progress"
    return ByteBuffer(
      string: "event: \(name)\nid: \(record.version)\ndata: \(JobStatus(record).json)\n\n")
  }

  /// The record once it is newer, or as it is after a while.
  private func nextChange(after last: JobRecord) async throws -> JobRecord {
    let seen = await withTaskGroup(of: JobRecord?.self) { group in
      group.addTask {
        for await _ in queue.changes(of: last.id) {
          guard let record = try? await queue.record(of: last.id) else { return nil }
          if record.version > last.version { return record }
        }
        return nil
      }
      group.addTask {
        // Nobody tells that a deadline has passed: that is seen by looking.
        let pause = min(.seconds(15), last.deadline.remaining + .milliseconds(10))
        try? await Task.sleep(for: pause)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let seen { return seen }
    return try await queue.record(of: last.id)
  }
}

extension Problem {
  /// A job that has no result to show.
  init(noResult record: JobRecord) {
    let detail: String
    switch record.state {
    case .queued, .running, .done:
      self.init(
        status: .conflict, code: "not_ready",
        detail: "the job is \(record.state.rawValue); ask again, or wait with "
          + "\(JobService.path)/\(record.id)?wait=30s")
      retry(after: record.expectedWait)
      return
    case .failed, .dead: detail = "the job is \(record.state.rawValue): \(record.message)"
    case .expired: detail = "the job's deadline passed before it was done"
    case .cancelled: detail = "the job was cancelled"
    }
    self.init(status: .conflict, code: "job_\(record.state.rawValue)", detail: detail)
  }

  /// What the queue says against a request.
  init(job error: JobError) {
    let status: HTTPResponse.Status =
      switch error.code {
      case .full: .tooManyRequests
      case .tooLarge: .contentTooLarge
      case .expired: .gatewayTimeout
      case .unavailable: .serviceUnavailable
      case .failed: .internalServerError
      case .cancelled: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
      case .unknown: .notFound
      case .finished: .conflict
      case .mismatch: .unprocessableContent
      }
    let code =
      switch error.code {
      case .full: "overloaded"
      case .tooLarge: "too_large"
      case .unknown: "unknown_job"
      case .finished: "job_state"
      case .mismatch: "idempotency_mismatch"
      default: error.code.rawValue
      }
    self.init(status: status, code: code, detail: error.message)
    if error.code == .full || error.code == .unavailable {
      retry(after: error.retryAfter ?? .seconds(1))
    }
  }
}

extension JobRecord {
  /// How long it may still take: its rows that are not done, by the rate of those that are; as long
  /// again as it has taken, before there are any.
  var expectedWait: Duration {
    let begin = (started ?? created).unixMilliseconds
    let taken = max(0, Double(Deadline.now.unixMilliseconds) - Double(begin)) / 1000
    let left = doneRows > 0 ? taken * (Double(rows) / Double(doneRows) - 1) : taken
    return .seconds(min(3600, max(1, left)))
  }
}
