/// Why XGBoost could not do what it was asked.
public struct XGBoostError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: String, Sendable {
    /// No library was found, or the one that was named cannot be opened.
    case libraryMissing = "library-missing"
    /// The library is too old.
    case libraryUnsupported = "library-unsupported"
    /// The library does not know a parameter, or would not use it.
    case unknownParameter = "unknown-parameter"
    /// What was asked for cannot be trained.
    case invalidRequest = "invalid-request"
    /// The library itself reported an error.
    case libraryFailure = "library-failure"
  }

  /// The kind of failure.
  public let code: Code
  /// What is wrong, and what to do about it.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }

  /// The library's own text without the time, the place in its source and the stack trace:
  /// `[12:00:00] ./src/metric/metric.cc:49: Unknown metric` becomes `Unknown metric`.
  static func readable(_ text: String) -> String {
    var lines = text.split(separator: "\n").map(Substring.init)
    if let trace = lines.firstIndex(where: { $0.hasPrefix("Stack trace") }) {
      lines.removeSubrange(trace...)
    }
    if let first = lines.first { lines[0] = withoutOrigin(first) }
    return lines.map(trimmed).filter { !$0.isEmpty }.joined(separator: "; ")
  }

  private static func withoutOrigin(_ line: Substring) -> Substring {
    guard line.hasPrefix("["), let bracket = line.firstIndex(of: "]") else { return line }
    var rest = trimmed(line[line.index(after: bracket)...])
    for level in ["WARNING: ", "INFO: ", "DEBUG: "] where rest.hasPrefix(level) {
      rest = rest.dropFirst(level.count)
    }
    // FILE:LINE: TEXT
    let parts = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 && Int(parts[1]) != nil ? trimmed(parts[2]) : rest
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
