import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The value of the `Date` header field (RFC 9110, 5.6.7), made once a second.
final class DateHeader: Sendable {
  private let cached = Mutex<(second: Int64, text: String)>((0, ""))

  /// The present time, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
  var value: String {
    let now = Date()
    let second = Int64(now.timeIntervalSince1970)
    return cached.withLock { cached in
      if cached.second != second { cached = (second, Self.text(now)) }
      return cached.text
    }
  }

  private static func text(_ date: Date) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents(
      [.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
    func pad(_ number: Int?) -> String { number.map { ($0 < 10 ? "0" : "") + String($0) } ?? "" }
    return "\(days[(parts.weekday ?? 1) - 1]), \(pad(parts.day)) \(months[(parts.month ?? 1) - 1]) "
      + "\(pad(parts.year)) \(pad(parts.hour)):\(pad(parts.minute)):\(pad(parts.second)) GMT"
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
