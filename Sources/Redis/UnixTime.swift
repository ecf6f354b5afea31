#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// This machine's clock.
enum UnixTime {
  /// Milliseconds since 1970-01-01 00:00 UTC.
  static var milliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
