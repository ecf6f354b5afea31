import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was asked of each version of each model since the process started.
public final class PredictionStatistics: Sendable {
  /// How often, and how long all together.
  public struct Total: Sendable, Equatable {
    /// How often.
    public var count: UInt64 = 0
    /// How long all together.
    public var nanoseconds: UInt64 = 0

    /// Never, and no time.
    public init() {}

    mutating func add(_ duration: Duration) {
      count += 1
      nanoseconds &+= UInt64(max(0, duration.nanoseconds))
    }
  }

  /// The counts of one version of a model.
  public struct Counts: Sendable, Equatable {
    /// Rows that were answered.
    public var rows: UInt64 = 0
    /// Requests that were answered.
    public var success = Total()
    /// Requests that failed.
    public var failure = Total()
    /// When the last one was answered, in milliseconds since 1970; 0 for never.
    public var lastMilliseconds: UInt64 = 0

    fileprivate mutating func add(rows count: Int, _ duration: Duration, at milliseconds: UInt64) {
      rows += UInt64(count)
      success.add(duration)
      lastMilliseconds = milliseconds
    }
  }

  private let counts = Mutex<[ModelID: Counts]>([:])

  /// Nothing was asked yet.
  public init() {}

  /// The counts of a model; all are 0 when nothing was asked of it.
  public subscript(_ model: ModelID) -> Counts { counts.withLock { $0[model] ?? Counts() } }

  func record(_ model: ModelID, rows: Int, _ duration: Duration) {
    let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
    counts.withLock { counts in
      counts[model, default: Counts()].add(rows: rows, duration, at: now)
    }
  }

  func recordFailure(_ model: ModelID, _ duration: Duration) {
    counts.withLock { $0[model, default: Counts()].failure.add(duration) }
  }
}
