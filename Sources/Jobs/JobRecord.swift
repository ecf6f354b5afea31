/// What is known of a durable job.
public struct JobRecord: Sendable, Equatable {
  /// Its name.
  public let id: JobID
  /// Where it is in its life.
  public var state: JobState
  /// How urgent it is.
  public var priority: JobPriority
  /// Whose it is.
  public var tenant: String
  /// What its owner left for reading the result.
  public var context: String
  /// Where its end is told; empty for nowhere.
  public var webhook: String
  /// When it was accepted.
  public var created: Deadline
  /// When a worker first took it.
  public var started: Deadline?
  /// When it ended.
  public var finished: Deadline?
  /// After it nothing is computed any more.
  public var deadline: Deadline
  /// How many times the piece that was given out most often was given to a worker.
  public var attempts: Int
  /// Why it failed or was set aside; empty otherwise.
  public var message: String
  /// Whether all pieces have been handed in.
  public var isSealed: Bool
  /// How many pieces there are so far.
  public var pieces: Int
  /// How many of them are done.
  public var donePieces: Int
  /// How many rows there are so far.
  public var rows: Int
  /// How many of them are done.
  public var doneRows: Int
  /// Grows with every change.
  public var version: Int
}

/// A part of a list of jobs.
public struct JobPage: Sendable, Equatable {
  /// The jobs, oldest first.
  public var jobs: [JobRecord]
  /// What to ask for the next page with; nil at the end.
  public var next: String?
}
