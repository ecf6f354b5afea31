/// How many jobs of all processes there are.
public struct QueueDepth: Sendable, Equatable {
  /// Jobs that no worker has taken yet.
  public var waiting = 0
  /// Jobs that workers have taken and not completed.
  public var running = 0
  /// The age of the oldest of them.
  public var oldest: Duration = .zero

  /// Of several queues together.
  static func + (left: QueueDepth, right: QueueDepth) -> QueueDepth {
    QueueDepth(
      waiting: left.waiting + right.waiting, running: left.running + right.running,
      oldest: max(left.oldest, right.oldest))
  }
}
