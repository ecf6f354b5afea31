/// How far a version may be from the baseline before it is taken out.
///
/// Both are compared over their latest requests, at most ``window`` each, as soon as the version has
/// ``minimumRequests`` of them.
public struct RollbackBounds: Sendable, Equatable, Codable {
  /// How much larger the share of its failed requests may be than the baseline's; 0.05 is five of a
  /// hundred.
  public var errorRate: Double?
  /// How many times the baseline's median latency its own may be.
  public var latencyRatio: Double?
  /// The largest distance between the two distributions of scores: of the first value of each
  /// answer, as the Kolmogorov-Smirnov statistic, 0 for the same and 1 for nothing in common.
  public var scoreShift: Double?
  /// How many requests a verdict needs.
  public var minimumRequests: Int
  /// How many of the latest requests are looked at.
  public var window: Int

  /// Bounds.
  public init(
    errorRate: Double? = nil, latencyRatio: Double? = nil, scoreShift: Double? = nil,
    minimumRequests: Int = 100, window: Int = 500
  ) {
    self.errorRate = errorRate
    self.latencyRatio = latencyRatio
    self.scoreShift = scoreShift
    self.minimumRequests = minimumRequests
    self.window = window
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case window
    case errorRate = "error_rate"
    case latencyRatio = "latency_ratio"
    case scoreShift = "score_shift"
    case minimumRequests = "minimum_requests"
  }

  /// Reads JSON; unknown members are errors.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownMembers(CodingKeys.self)
    let members = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      errorRate: try members.decodeIfPresent(Double.self, forKey: .errorRate),
      latencyRatio: try members.decodeIfPresent(Double.self, forKey: .latencyRatio),
      scoreShift: try members.decodeIfPresent(Double.self, forKey: .scoreShift),
      minimumRequests: try members.decodeIfPresent(Int.self, forKey: .minimumRequests) ?? 100,
      window: try members.decodeIfPresent(Int.self, forKey: .window) ?? 500)
  }

  var problem: (field: String, message: String)? {
    if errorRate == nil, latencyRatio == nil, scoreShift == nil {
      return ("rollback", "it needs error_rate, latency_ratio or score_shift")
    }
    if let errorRate, !(0...1).contains(errorRate) {
      return ("rollback.error_rate", "it is 0 to 1")
    }
    if let latencyRatio, !(1...1000).contains(latencyRatio) {
      return ("rollback.latency_ratio", "it is 1 to 1000")
    }
    if let scoreShift, !(0...1).contains(scoreShift) {
      return ("rollback.score_shift", "it is 0 to 1")
    }
    guard (10...10_000).contains(window) else { return ("rollback.window", "it is 10 to 10000") }
    guard (1...window).contains(minimumRequests) else {
      return ("rollback.minimum_requests", "it is 1 to the window")
    }
    return nil
  }
}
