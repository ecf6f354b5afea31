#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The moment by which an answer must be there, as wall-clock time, so that it can travel from the
/// server that accepted a request to the worker that computes it.
public struct Deadline: Sendable, Equatable, Comparable {
  /// Milliseconds since 1970-01-01 00:00 UTC.
  public let unixMilliseconds: Int64

  /// A deadline at this time.
  public init(unixMilliseconds: Int64) {
    self.unixMilliseconds = unixMilliseconds
  }

  /// The deadline that comes this long after now.
  public static func after(_ duration: Duration) -> Deadline {
    let (seconds, attoseconds) = duration.components
    return Deadline(
      unixMilliseconds: now.unixMilliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }

  /// The present moment.
  public static var now: Deadline {
    Deadline(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
  }

  /// The time that is left; zero once it has passed.
  public var remaining: Duration {
    .milliseconds(max(0, unixMilliseconds - Self.now.unixMilliseconds))
  }

  /// Whether the time is up.
  public var hasPassed: Bool { self <= .now }

  /// Whether the left one comes first.
  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.unixMilliseconds < right.unixMilliseconds
  }
}
