import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs

/// What is told of the routes.
extension JobRoutes {
  var routes: [Route] { [post, list, show, cancel, result, events, retry] }

  /// What can go wrong when a job is handed in.
  static let acceptErrors: [HTTPResponse.Status] = [
    .notFound, .conflict, .unprocessableContent, .tooManyRequests, .internalServerError,
    .serviceUnavailable, .gatewayTimeout,
  ]

  private static let status: RouteDescription.Content = [
    ("application/json", .named("JobStatus"))
  ]
  private static let id = RouteDescription.Parameter("id", in: .path, "the job")

  private var post: Route {
    Route(
      method: .post, path: JobService.path,
      description: .init(
        group: .jobs,
        summary: "Hand in rows, or an inference request of V2, as a job that outlives its request",
        parameters: .predict + [
          .init(
            "priority", in: .query, "otherwise normal, for tables bulk",
            Schema(json: #"{"type":"string","enum":["interactive","normal","bulk"]}"#)),
          .init("timeout", in: .query, "after how many seconds it expires, up to 7 days"),
          .init("webhook", in: .query, "where to post the status at the end"),
          .init("Idempotency-Key", in: .header, "the same key and request: the same job"),
          .init("X-Tenant", in: .header, "whose job it is"), .jsonLength,
        ],
        request: [
          ("application/json", .any("PredictRequest", "InferRequest")), ("text/csv", .text),
          ("application/x-ndjson", .text), ("application/octet-stream", .named("Binary")),
        ],
        otherAnswers: [(.accepted, Self.status)], errors: Self.acceptErrors),
      work: .stream { request, _ in try await accept(request) })
  }

  private var list: Route {
    Route(
      method: .get, path: JobService.path,
      description: .init(
        group: .jobs, summary: "List the jobs in a state, oldest first",
        parameters: [
          .init(
            "state", in: .query, "queued when it is left out",
            Schema(
              json: "{\"type\":\"string\",\"enum\":\(JobState.allCases.map(\.rawValue).json)}")),
          .init("after", in: .query, "what the page before gave as next"),
          .init(
            "limit", in: .query, "how many at most, 100 when it is left out",
            Schema(json: #"{"type":"integer","minimum":1,"maximum":1000}"#)),
        ],
        answer: [("application/json", .named("JobList"))],
        errors: [.badRequest, .notFound, .serviceUnavailable]),
      work: .other { try await list($0.head) })
  }

  private var show: Route {
    Route(
      method: .get, path: "\(JobService.path)/{id}",
      description: .init(
        group: .jobs, summary: "How a job stands",
        parameters: [
          Self.id, .init("wait", in: .query, "how long to wait for its end first, such as 30s"),
        ],
        answer: Self.status, errors: [.badRequest, .notFound, .serviceUnavailable]),
      work: .other { try await show(id($0.parameters), $0.head) })
  }

  private var cancel: Route {
    Route(
      method: .delete, path: "\(JobService.path)/{id}",
      description: .init(
        group: .jobs, summary: "Cancel a job, waiting or running", parameters: [Self.id],
        answer: Self.status, errors: [.notFound, .conflict, .serviceUnavailable]),
      work: .other { try await cancel(id($0.parameters)) })
  }

  private var result: Route {
    Route(
      method: .get, path: "\(JobService.path)/{id}/result",
      description: .init(
        group: .jobs,
        summary: "The result: what /api/predict or the inference answers, or a table",
        parameters: [Self.id],
        answer: [
          ("application/json", .any("PredictAnswer", "InferResponse")), ("text/csv", .text),
          ("application/x-ndjson", .text), ("application/octet-stream", .named("Binary")),
        ],
        errors: [.notFound, .conflict, .gone, .internalServerError, .serviceUnavailable]),
      work: .stream { try await result(of: id($1)) })
  }

  private var events: Route {
    Route(
      method: .get, path: "\(JobService.path)/{id}/events",
      description: .init(
        group: .jobs, summary: "What becomes of a job, as server-sent events: progress, then end",
        parameters: [Self.id], answer: [("text/event-stream", .named("JobEvent"))],
        errors: [.notFound, .serviceUnavailable]),
      work: .stream { try await events(of: id($1)) })
  }

  private var retry: Route {
    Route(
      method: .post, path: "\(JobService.path)/{id}/retry",
      description: .init(
        group: .jobs, summary: "Put a dead job back", parameters: [Self.id],
        otherAnswers: [(.accepted, Self.status)],
        errors: [.notFound, .conflict, .tooManyRequests, .serviceUnavailable]),
      work: .other { try await retry(id($0.parameters)) })
  }
}
