import Redis

/// The names of a queue's keys.
struct QueueKeys: Sendable {
  /// The consumer group of all workers.
  static let group: RedisCommand.Argument = "workers"

  private let tag: String

  init(_ name: String) {
    tag = "{\(name)}:"
  }

  /// The stream of jobs.
  var jobs: RedisCommand.Argument { .text(tag + "jobs") }
  /// The stream of jobs that were set aside.
  var dead: RedisCommand.Argument { .text(tag + "dead") }
  /// Held by the worker that tidies up.
  var housekeeper: RedisCommand.Argument { .text(tag + "housekeeper") }
  /// The outcome of a job.
  func result(_ job: JobID) -> RedisCommand.Argument { .text(tag + "result:\(job)") }
  /// The stream of replies to a server process.
  func replies(_ server: String) -> RedisCommand.Argument { .text(tag + "replies:" + server) }
}
