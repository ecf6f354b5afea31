#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file, or stdin, that is read from its beginning to its end.
final class InputFile {
  private let path: String
  private let descriptor: CInt

  /// Opens a file; `-` is stdin.
  init(_ path: String) throws {
    self.path = path
    descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(path) }
  }

  deinit {
    if descriptor != STDIN_FILENO { close(descriptor) }
  }

  /// The next bytes, as many as there are now; nil at the end.
  func next(atMost limit: Int = 1 << 18) throws -> [UInt8]? {
    while true {
      var count = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
        count = libcRead(descriptor, buffer.baseAddress, limit)
        initialized = max(0, count)
      }
      if count > 0 { return bytes }
      if count == 0 { return nil }
      guard errno == EINTR else { throw Self.unreadable(path) }
    }
  }

  private static func unreadable(_ path: String) -> CommandError {
    CommandError("\(path): the file cannot be read: \(String(cString: strerror(errno)))")
  }
}

/// Where results go.
enum StandardOutput {
  /// Writes text as it is.
  static func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { bytes in
      var start = 0
      while start < bytes.count {
        // Safe: start lies within the text.
        let count = libcWrite(STDOUT_FILENO, bytes.baseAddress! + start, bytes.count - start)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else {
          throw CommandError(
            "stdout: the result cannot be written: \(String(cString: strerror(errno)))")
        }
        start += count
      }
    }
  }
}

private func libcRead(_ file: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(file, bytes, count)
}

private func libcWrite(_ file: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(file, bytes, count)
}
