import Telemetry

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where everything goes that is no result.
enum StandardError {
  /// The lines of the log.
  static let lines: LineBuffer = {
    atexit { StandardError.lines.flush() }
    return LineBuffer { writeAll($0) }
  }()

  /// Writes text as it is, after the log's lines; what stderr does not take is lost.
  static func write(_ text: String) {
    lines.flush()
    writeAll(text)
  }

  /// Writes a line.
  static func print(_ line: String) { write(line + "\n") }
}

private func writeAll(_ text: String) {
  var text = text
  text.withUTF8 { bytes in
    var done = 0
    while done < bytes.count {
      let count = write(
        STDERR_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      guard count >= 0 || errno == EINTR else { return }
      done += max(count, 0)
    }
  }
}
