import JSON
public import Logging
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes a line of each log message, for people or as JSON for machines.
public struct LineLogHandler: LogHandler {
  /// How a line looks.
  public enum Format: String, Sendable, CaseIterable {
    /// `2026-01-31T12:00:00Z info listening port=10000`
    case text
    /// `{"time":"2026-01-31T12:00:00.000Z","level":"info","message":"listening","port":"10000"}`
    case json
  }

  /// Messages below this level are not written.
  public var logLevel: Logger.Level
  /// Fields that every line has.
  public var metadata: Logger.Metadata = [:]
  private let format: Format
  private let label: String
  private let lines: LineBuffer

  /// A handler that adds each line to `lines`; warnings and errors do not wait there.
  public init(label: String, format: Format, level: Logger.Level, lines: LineBuffer) {
    self.label = label
    self.format = format
    self.logLevel = level
    self.lines = lines
  }

  /// A field that every line has.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one line.
  public func log(event: LogEvent) {
    // Most lines have no fields but their own; merging costs more than all the rest.
    var fields = event.metadata ?? [:]
    if !metadata.isEmpty { fields.merge(metadata) { own, _ in own } }
    if let error = event.error { fields["error"] = .string("\(error)") }
    let sorted = fields.sorted { $0.key < $1.key }
    var line = ""
    line.reserveCapacity(256)
    switch format {
    case .text:
      LogTime.now.append(to: &line)
      line += " "
      line += event.level.rawValue
      line += " "
      line += event.message.description
      for (key, value) in sorted {
        let value = value.description
        line += " "
        line += key
        line += "="
        line += Self.isPlain(value) ? value : value.jsonQuoted
      }
      line += "\n"
    case .json:
      line += "{\"time\":\""
      LogTime.now.append(to: &line)
      line += "\",\"level\":\"\(event.level)\",\"logger\":\(label.jsonQuoted)"
      line += ",\"message\":\(event.message.description.jsonQuoted)"
      for (key, value) in sorted {
        line += ",\(key.jsonQuoted):\(value.description.jsonQuoted)"
      }
      line += "}\n"
    }
    lines.append(line, isUrgent: event.level >= .warning)
  }

  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 < 0x7F }
  }
}

/// A moment as `2026-01-31T12:00:00.000Z`. The calendar is asked once a second.
private struct LogTime {
  private static let latest = Mutex<(second: Int64, text: String)>((.min, ""))

  private let second: Int64
  private let millisecond: Int

  static var now: LogTime {
    let milliseconds = Int64((Date.now.timeIntervalSince1970 * 1000).rounded(.down))
    let (second, millisecond) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    return LogTime(second: second, millisecond: Int(millisecond))
  }

  func append(to line: inout String) {
    line += Self.latest.withLock { latest in
      if latest.second != second {
        let date = Date(timeIntervalSince1970: TimeInterval(second))
        // Without the Z.
        latest = (second, String(date.formatted(Date.ISO8601FormatStyle()).dropLast()))
      }
      return latest.text
    }
    line += millisecond < 10 ? ".00" : millisecond < 100 ? ".0" : "."
    line += "\(millisecond)Z"
  }
}
