public import NIOCore

/// A job in a worker's hands; of a durable job that was cut into pieces, one piece.
public struct Job: Sendable, Equatable {
  /// Its name.
  public let id: JobID
  /// What is to be done; the queue does not look into it.
  public let payload: ByteBuffer
  /// When its answer is of no more use.
  public let deadline: Deadline
  /// How many times it has been given to a worker, this time included.
  public let attempt: Int
  /// Which piece of a durable job this is, from 0; nil for a job whose caller waits in `submit`.
  public let piece: Int?
  /// Where the queue keeps it.
  let place: JobPlace
  /// The server process that waits for it; empty for a piece.
  let replyTo: String
  /// What it stands in, if it was handed in together with others.
  var bundle: BundlePlace?
}

/// A job's place in a bundle.
struct BundlePlace: Sendable, Equatable {
  /// The name of the bundle.
  let id: JobID
  /// How many jobs are in it.
  let count: Int
  /// Which of them this is, from 0.
  let position: Int
}

/// Where a queue keeps what it has given out.
struct JobPlace: Sendable, Hashable {
  let priority: JobPriority
  let entry: String
}
