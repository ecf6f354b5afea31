/// How urgent a job is. Workers look for the most urgent ones first.
public enum JobPriority: String, Sendable, CaseIterable {
  /// Someone waits for it.
  case interactive
  /// Someone will look for it soon.
  case normal
  /// Files; whenever there is nothing else to do.
  case bulk
}
