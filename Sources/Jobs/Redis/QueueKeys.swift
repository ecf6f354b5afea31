import Redis

/// The names of a queue's keys.
struct QueueKeys: Sendable {
  /// The consumer group of all workers.
  static let group: RedisCommand.Argument = "workers"

  private let tag: String

  init(_ name: String) {
    tag = "{\(name)}:"
  }

  /// The stream of jobs of a priority.
  func jobs(_ priority: JobPriority) -> RedisCommand.Argument {
    .text(tag + "jobs:" + priority.rawValue)
  }
  /// The streams of jobs, the most urgent first.
  var streams: [RedisCommand.Argument] { JobPriority.allCases.map(jobs) }
  /// The priority of a stream, by its name.
  func priority(ofStream name: String) -> JobPriority? {
    let prefix = tag + "jobs:"
    return name.hasPrefix(prefix)
      ? JobPriority(rawValue: String(name.dropFirst(prefix.count))) : nil
  }
  /// The stream of jobs that were set aside.
  var dead: RedisCommand.Argument { .text(tag + "dead") }
  /// Held by the worker that tidies up.
  var housekeeper: RedisCommand.Argument { .text(tag + "housekeeper") }
  /// The outcome of a job that somebody waits for.
  func result(_ job: JobID) -> RedisCommand.Argument { .text(tag + "result:\(job)") }
  /// What the keys of outcomes begin with, before the job's name.
  var results: RedisCommand.Argument { .text(tag + "result:") }
  /// Which jobs of a bundle nobody waits for any more, as a string of bits.
  func hangUps(_ bundle: JobID) -> RedisCommand.Argument { .text(tag + "hangups:\(bundle)") }
  /// What the keys of hang-ups begin with, before the bundle's name.
  var hangUps: RedisCommand.Argument { .text(tag + "hangups:") }
  /// The stream of replies to a server process.
  func replies(_ server: String) -> RedisCommand.Argument { .text(tag + "replies:" + server) }

  /// The record of a durable job.
  func job(_ id: JobID) -> RedisCommand.Argument { .text(tag + "job:\(id)") }
  /// The payloads of its pieces that are not done.
  func bodies(_ id: JobID) -> RedisCommand.Argument { .text(tag + "bodies:\(id)") }
  /// The answers to its pieces.
  func answers(_ id: JobID) -> RedisCommand.Argument { .text(tag + "answers:\(id)") }
  /// All durable jobs by state and age.
  var index: RedisCommand.Argument { .text(tag + "index") }
  /// The stream of changes of durable jobs.
  var changes: RedisCommand.Argument { .text(tag + "changes") }
  /// Whether this is the name of that stream.
  func isChanges(_ name: String) -> Bool { name == tag + "changes" }
  /// How many unfinished durable jobs each tenant has.
  var tenants: RedisCommand.Argument { .text(tag + "tenants") }
  /// Durable jobs whose end is to be told, by the time of the next attempt.
  var webhooks: RedisCommand.Argument { .text(tag + "webhooks") }
  /// The job of an idempotency key.
  func idempotency(_ tenant: String, _ key: String) -> RedisCommand.Argument {
    .text(tag + "idempotency:\(tenant.utf8.count):\(tenant):\(key)")
  }

  /// What every script about a durable job is given, in this order.
  func durable(_ id: JobID, _ priority: JobPriority) -> [RedisCommand.Argument] {
    [
      job(id), index, changes, tenants, webhooks, bodies(id), answers(id), jobs(priority),
    ]
  }
}
