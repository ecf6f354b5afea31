import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
public import Jobs
import NIOCore
import Serving

/// Jobs that outlive their request: `/api/jobs` and what is below it.
///
/// The queue is the truth; every process in front of it answers for every job.
public struct JobService: Sendable {
  static let path = "/api/jobs"

  /// What jobs may ask for.
  public struct Configuration: Sendable {
    /// How long a job may take when it does not say so itself.
    public var timeout: Duration = .seconds(24 * 3600)
    /// The longest time that a job may ask for.
    public var maximumTimeout: Duration = .seconds(7 * 24 * 3600)
    /// The largest body of many rows, in bytes; it is never in memory as a whole.
    public var maximumBatchSize = 2 << 30
    /// Whether a job may name a webhook: someone delivers them.
    public var takesWebhooks = false
    /// Whether a webhook may lead into private networks.
    public var allowsPrivateWebhooks = false

    /// The defaults.
    public init() {}
  }

  let queue: any DurableJobQueue
  let configuration: Configuration

  /// Jobs in this queue.
  public init(_ queue: any DurableJobQueue, configuration: Configuration = .init()) {
    self.queue = queue
    self.configuration = configuration
  }
}

/// The routes of ``JobService``.
struct JobRoutes {
  let service: JobService
  let catalog: ModelCatalog
  let maximumBodySize: Int

  var queue: any DurableJobQueue { service.queue }

  /// Adds all routes.
  func add(to router: Router<some RequestContext>) {
    router.answer(
      RouterPath(JobService.path),
      [
        .post: { request, _ in try await accept(request) },
        .get: { request, _ in try await list(request) },
      ])
    router.answer(
      "/api/jobs/{id}",
      [
        .get: { request, context in try await show(id(context), request) },
        .delete: { _, context in try await cancel(id(context)) },
      ])
    router.answer(
      "/api/jobs/{id}/result",
      [.get: { request, context in try await result(of: id(context), request) }])
    router.answer(
      "/api/jobs/{id}/events", [.get: { _, context in try await events(of: id(context)) }])
    router.answer(
      "/api/jobs/{id}/retry", [.post: { _, context in try await retry(id(context)) }])
  }

  /// A name that is none is a job that is not there.
  private func id(_ context: some RequestContext) throws -> JobID {
    guard let id = context.parameters.get("id").flatMap({ JobID($0) }) else {
      throw Problem(
        status: .notFound, code: "unknown_job", detail: "there is no such job, or not any more")
    }
    return id
  }

  private func show(_ id: JobID, _ request: Request) async throws -> Response {
    let query = JobQuery(request.head)
    try query.allow(["wait"])
    var record = try await queue.record(of: id)
    if let wait = try query.seconds("wait", upTo: HTTPRequest.longestWait), !record.state.isFinal {
      let seen = await queue.end(of: id, by: .after(.milliseconds(Int64(wait * 1000))))
      if let seen { record = seen } else { record = try await queue.record(of: id) }
    }
    return answer(record)
  }

  private func cancel(_ id: JobID) async throws -> Response {
    answer(try await queue.cancel(id))
  }

  private func retry(_ id: JobID) async throws -> Response {
    let record = try await queue.retry(id, deadline: .after(service.configuration.timeout))
    return answer(record, status: .accepted)
  }

  private func list(_ request: Request) async throws -> Response {
    let query = JobQuery(request.head)
    try query.allow(["state", "after", "limit"])
    guard let state = JobState(rawValue: query["state"] ?? "queued") else {
      let states = JobState.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem.badRequest("wrong_type", "state must be one of \(states)", field: "state")
    }
    let limit = try query.integer("limit", in: 1...1000) ?? 100
    let page = try await queue.list(state, after: query["after"], limit: limit)
    let jobs = page.jobs.map { JobStatus($0).json }.joined(separator: ",")
    let next = page.next.map { ",\"next\":\($0.jsonQuoted)" } ?? ""
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(string: "{\"jobs\":[\(jobs)]\(next)}")))
  }

  /// The status of a job; one that may still change is not to be kept.
  func answer(_ record: JobRecord, status: HTTPResponse.Status = .ok) -> Response {
    var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if status == .accepted { headers[.location] = "\(JobService.path)/\(record.id)" }
    return Response(
      status: status, headers: headers,
      body: .init(byteBuffer: ByteBuffer(string: JobStatus(record).json)))
  }
}

extension Router {
  typealias Handler = @Sendable (Request, Context) async throws -> Response

  /// Answers some methods at a path, and every other one with 405 and an `Allow` header.
  func answer(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler]) {
    let allowed = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
    let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]
    for method in methods {
      if let handler = handlers[method] {
        on(path, method: method, use: handler)
      } else {
        on(path, method: method) { request, _ -> Response in
          throw Problem(
            status: .methodNotAllowed, code: "method_not_allowed",
            detail: "\(request.uri.path) takes \(allowed), not \(method.rawValue)",
            headers: [.allow: allowed])
        }
      }
    }
  }
}
