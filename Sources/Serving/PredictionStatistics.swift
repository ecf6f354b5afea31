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
    /// Requests that were answered, from decoded to predicted.
    public var success = Total()
    /// Requests that failed.
    public var failure = Total()
    /// The part of ``success`` that went by before and between computing.
    public var queue = Total()
    /// The part of ``success`` in which the model was at work.
    public var computation = Total()
    /// Decoding and checking requests.
    public var input = Total()
    /// Encoding answers.
    public var output = Total()
    /// When the last one was answered, in milliseconds since 1970; 0 for never.
    public var lastMilliseconds: UInt64 = 0
  }

  private let counts = Mutex<[ModelID: Counts]>([:])

  /// Nothing was asked yet.
  public init() {}

  /// The counts of a model; all are 0 when nothing was asked of it.
  public subscript(_ model: ModelID) -> Counts { counts.withLock { $0[model] ?? Counts() } }

  func record(_ model: ModelID, rows: Int, _ duration: Duration, computation: Duration?) {
    let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
    // Where nobody measured it, all of it counts as work.
    let computation = min(duration, computation ?? duration)
    change(model) { counts in
      counts.rows += UInt64(rows)
      counts.success.add(duration)
      counts.queue.add(duration - computation)
      counts.computation.add(computation)
      counts.lastMilliseconds = now
    }
  }

  func recordFailure(_ model: ModelID, _ duration: Duration) {
    change(model) { $0.failure.add(duration) }
  }

  /// Records how long it took to decode a request and to encode its answer.
  public func record(_ model: ModelID, input: Duration, output: Duration) {
    change(model) { counts in
      counts.input.add(input)
      counts.output.add(output)
    }
  }

  private func change(_ model: ModelID, _ body: (inout Counts) -> Void) {
    counts.withLock { body(&$0[model, default: Counts()]) }
  }
}
