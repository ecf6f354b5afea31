public import NIOCore

/// A job in a worker's hands.
public struct Job: Sendable, Equatable {
  /// Its name.
  public let id: JobID
  /// What is to be done; the queue does not look into it.
  public let payload: ByteBuffer
  /// When its answer is of no more use.
  public let deadline: Deadline
  /// How many times it has been given to a worker, this time included.
  public let attempt: Int
  /// Where the queue keeps it.
  let entry: String
  /// The server process that waits for it.
  let replyTo: String
}
