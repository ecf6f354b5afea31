import JSON
public import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes each log message as one line, for people or as JSON for machines.
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
  private let write: @Sendable (String) -> Void

  /// A handler that gives each line, with its newline, to `write`.
  public init(
    label: String, format: Format, level: Logger.Level,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.label = label
    self.format = format
    self.logLevel = level
    self.write = write
  }

  /// A field that every line has.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one line.
  public func log(event: LogEvent) {
    var fields = metadata
    if let extra = event.metadata { fields.merge(extra) { _, new in new } }
    if let error = event.error { fields["error"] = "\(error)" }
    let sorted = fields.sorted { $0.key < $1.key }
    let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    switch format {
    case .text:
      let pairs = sorted.map { " \($0)=\(Self.isPlain("\($1)") ? "\($1)" : "\($1)".jsonQuoted)" }
      write("\(time) \(event.level) \(event.message)\(pairs.joined())\n")
    case .json:
      let pairs = sorted.map { ",\($0.jsonQuoted):\("\($1)".jsonQuoted)" }
      write(
        "{\"time\":\"\(time)\",\"level\":\"\(event.level)\",\"logger\":\(label.jsonQuoted),"
          + "\"message\":\("\(event.message)".jsonQuoted)\(pairs.joined())}\n")
    }
  }

  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 < 0x7F }
  }
}
