import ArgumentParser
import Jobs
import Logging
import Redis
import ServiceLifecycle
import Telemetry

/// `coppice queue`: looks at jobs and sets them right, for people.
struct QueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue",
    abstract: "Look at the queue's jobs: status, dead, retry, purge.",
    discussion: """
      Works on the queue in Redis (--redis). The jobs file of a server without Redis belongs to that \
      server while it runs: use its /api/jobs.
      """)

  /// What to do.
  enum Action: String, ExpressibleByArgument, CaseIterable {
    case status, dead, retry, purge
  }

  @Argument(
    help:
      "status: numbers. dead: jobs that were set aside. retry: put dead jobs back. purge: forget them."
  )
  var action: Action

  @Argument(help: "The jobs to retry or purge; all dead ones when none is named.")
  var jobs: [String] = []

  @OptionGroup var queue: QueueOptions

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard queue.redis != nil else {
      throw ValidationError("name the queue's Redis: --redis redis://host:port")
    }
    if let wrong = jobs.first(where: { JobID($0) == nil }) {
      throw ValidationError("\(wrong) is no job: jobs have 32 hexadecimal digits")
    }
  }

  func run() async throws {
    guard let redis = try queue.configuration else { return }
    let logger = log.logger("coppice.queue")
    let client = RedisClient(redis, logger: logger)
    let jobs = RedisJobQueue(
      client, configuration: queue.queueConfiguration, metrics: PrometheusRegistry(),
      logger: logger)
    let group = ServiceGroup(configuration: .init(services: [client], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      defer { tasks.cancelAll() }
      guard await isConnected(client) else {
        throw CommandError("no connection to Redis: \(redis)")
      }
      do throws(JobError) {
        try await perform(jobs)
      } catch {
        throw CommandError(error.message)
      }
    }
  }

  /// Whether there is a connection within a few seconds.
  private func isConnected(_ client: RedisClient) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { await client.connected() }
      group.addTask {
        try? await Task.sleep(for: .seconds(3))
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  private func perform(_ queue: RedisJobQueue) async throws(JobError) {
    switch action {
    case .status: try await status(queue)
    case .dead:
      for job in try await dead(queue) {
        print("\(job.id)  attempts \(job.attempts)  \(job.message)")
      }
    case .retry:
      for id in try await chosen(queue) {
        let record = try await queue.retry(id, deadline: .after(.seconds(86_400)))
        print("\(record.id)  \(record.state.rawValue)")
      }
    case .purge:
      for id in try await chosen(queue) {
        try await queue.forget(id)
        print("\(id)  forgotten")
      }
    }
  }

  private func status(_ queue: RedisJobQueue) async throws(JobError) {
    let depth = try await queue.depth()
    print("waiting  \(depth.waiting)")
    print("running  \(depth.running)")
    print("oldest   \(Double(depth.oldest.components.seconds)) s")
    for state in JobState.allCases {
      let count = try await queue.count(state)
      print("\(state.rawValue)\(String(repeating: " ", count: 9 - state.rawValue.count))\(count)")
    }
  }

  private func chosen(_ queue: RedisJobQueue) async throws(JobError) -> [JobID] {
    jobs.isEmpty ? try await dead(queue).map(\.id) : jobs.compactMap { JobID($0) }
  }

  private func dead(_ queue: RedisJobQueue) async throws(JobError) -> [JobRecord] {
    var found: [JobRecord] = []
    var cursor: String?
    repeat {
      let page = try await queue.list(.dead, after: cursor, limit: 500)
      found += page.jobs
      cursor = page.next
    } while cursor != nil
    return found
  }
}
