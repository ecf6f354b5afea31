/// How a new version is tried on live requests before it takes over.
public struct TrialBounds: Sendable, Equatable {
  /// How many requests it is asked too; it takes over after them.
  public var requests: Int
  /// When it takes over though there were fewer.
  public var time: Duration
  /// The mean, over the requests, of the largest absolute difference in an answer that it may have
  /// to the version in place; nil for any.
  public var difference: Double?

  /// Bounds.
  public init(requests: Int, time: Duration = .seconds(60), difference: Double? = nil) {
    self.requests = requests
    self.time = time
    self.difference = difference
  }
}
