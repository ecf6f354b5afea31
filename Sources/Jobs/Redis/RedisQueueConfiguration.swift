/// The settings of a queue in Redis; all processes on one queue should agree on them.
public struct RedisQueueConfiguration: Sendable {
  /// The queue's name; its keys are `{name}:…`, in one slot of a Redis Cluster.
  public var name = "coppice"
  /// How many jobs may wait or run; more are refused.
  public var maximumDepth = 10_000
  /// The largest payload, in bytes.
  public var maximumPayloadSize = 16 << 20
  /// How long a worker may be silent before others take over its jobs.
  public var visibility: Duration = .seconds(3)
  /// How many times a job is given to a worker before it is set aside.
  public var maximumAttempts = 3
  /// How long outcomes of waiting jobs are kept after the job's deadline, for those who come late.
  public var resultGrace: Duration = .seconds(5)
  /// The most that the deadline counts for in that.
  public var maximumResultLifetime: Duration = .seconds(600)
  /// How long the replies to a server that is gone are kept.
  public var replyLifetime: Duration = .seconds(60)
  /// How many unread replies to one server are kept; the results themselves stay.
  public var maximumReplies = 10_000
  /// How long jobs that were set aside are kept, after the last one.
  public var deadLifetime: Duration = .seconds(7 * 24 * 3600)
  /// How many jobs that were set aside are kept.
  public var maximumDead = 1_000
  /// How long a read waits inside Redis before it is repeated.
  public var blockTime: Duration = .seconds(2)
  /// What holds for jobs that outlive their request.
  public var durable = DurableJobSettings()
  /// How often the depth of the queue is measured.
  public var measureInterval: Duration = .seconds(5)
  /// How long a worker that was seen idle is remembered.
  public var consumerLifetime: Duration = .seconds(3600)

  /// The defaults.
  public init() {}
}

extension RedisQueueConfiguration {
  /// One of the queue's keys, which are all in one slot of a Redis Cluster; for
  /// ``RedisConfiguration/clusterKey``.
  public var clusterKey: String { "{\(name)}:jobs" }

  /// Until when the outcome of a waiting job is kept.
  ///
  /// Nobody asks for it later: its caller has given up, and what is given out again by then has expired.
  func end(ofResultBy deadline: Deadline) -> Deadline {
    // A deadline comes out of the stream: it may be any number.
    max(Deadline(unixMilliseconds: 0), min(deadline, .now + maximumResultLifetime)) + resultGrace
  }
}

extension Duration {
  /// Whole milliseconds, as Redis counts.
  var milliseconds: Int {
    Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
