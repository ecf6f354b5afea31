#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where everything goes that is no result.
enum StandardError {
  /// Writes text as it is; what stderr does not take is lost.
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = libcWrite(STDERR_FILENO, bytes, bytes.count)
  }

  /// Writes a line.
  static func print(_ line: String) { write(line + "\n") }
}

private func libcWrite(_ file: CInt, _ bytes: [UInt8], _ count: Int) -> Int {
  write(file, bytes, count)
}
