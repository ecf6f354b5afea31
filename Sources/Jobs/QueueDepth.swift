import Redis

/// How many jobs of all processes there are.
public struct QueueDepth: Sendable, Equatable {
  /// Jobs that no worker has taken yet.
  public let waiting: Int
  /// Jobs that workers have taken and not completed.
  public let running: Int

  init?(_ reply: RESPValue) {
    guard let values = reply.elements, values.count == 2, let waiting = values[0].integer,
      let running = values[1].integer
    else { return nil }
    self.waiting = waiting
    self.running = running
  }
}
