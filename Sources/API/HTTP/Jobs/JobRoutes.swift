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

  /// A name that is none is a job that is not there.
  func id(_ parameters: [String: String]) throws -> JobID {
    guard let id = parameters["id"].flatMap({ JobID($0) }) else {
      throw Problem(
        status: .notFound, code: "unknown_job", detail: "there is no such job, or not any more")
    }
    return id
  }

  func show(_ id: JobID, _ head: HTTPRequest) async throws -> RouteAnswer {
    let query = JobQuery(head)
    try query.allow(["wait"])
    var record = try await queue.record(of: id)
    if let wait = try query.seconds("wait", upTo: HTTPRequest.longestWait), !record.state.isFinal {
      let seen = await queue.end(of: id, by: .after(.milliseconds(Int64(wait * 1000))))
      if let seen { record = seen } else { record = try await queue.record(of: id) }
    }
    return answer(record)
  }

  func cancel(_ id: JobID) async throws -> RouteAnswer {
    answer(try await queue.cancel(id))
  }

  func retry(_ id: JobID) async throws -> RouteAnswer {
    let record = try await queue.retry(id, deadline: .after(service.configuration.timeout))
    return answer(record, status: .accepted)
  }

  func list(_ head: HTTPRequest) async throws -> RouteAnswer {
    let query = JobQuery(head)
    try query.allow(["state", "after", "limit"])
    guard let state = JobState(rawValue: query["state"] ?? "queued") else {
      let states = JobState.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem.badRequest("wrong_type", "state must be one of \(states)", field: "state")
    }
    let limit = try query.integer("limit", in: 1...1000) ?? 100
    let page = try await queue.list(state, after: query["after"], limit: limit)
    let jobs = page.jobs.map { JobStatus($0).json }.joined(separator: ",")
    let next = page.next.map { ",\"next\":\($0.jsonQuoted)" } ?? ""
    return RouteAnswer("{\"jobs\":[\(jobs)]\(next)}")
  }

  /// The status of a job; one that may still change is not to be kept.
  func answer(_ record: JobRecord, status: HTTPResponse.Status = .ok) -> RouteAnswer {
    var answer = RouteAnswer(JobStatus(record).json)
    answer.status = status
    answer.headers[.cacheControl] = "no-store"
    if status == .accepted { answer.headers[.location] = "\(JobService.path)/\(record.id)" }
    return answer
  }
}
