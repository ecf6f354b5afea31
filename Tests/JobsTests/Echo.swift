import Jobs
import ServiceLifecycle

/// A worker as a service: answers every job with its own payload until it is shut down.
struct Echo: Service {
  let source: RedisJobSource

  func run() async throws {
    while true {
      let jobs = await source.take(upTo: 32)
      if jobs.isEmpty { return }
      await source.complete(jobs.map { ($0, $0.echo()) })
    }
  }
}
