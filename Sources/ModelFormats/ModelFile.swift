#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads whole files, with a limit.
///
/// The bytes are copied, not mapped: a mapped file that another process cuts short while it is read
/// would kill this one.
enum ModelFile {
  /// The largest file that is read: 2 GiB.
  static let maximumSize = 1 << 31

  static func bytes(
    at path: String, maximumSize: Int = maximumSize
  ) throws(ModelFormatError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelFormatError(.unreadable, "this is not a regular file")
    }
    let size = Int(status.st_size)
    guard size <= maximumSize else {
      throw ModelFormatError(
        .tooLarge, "the file has \(size) bytes, more than the \(maximumSize) that are read")
    }
    var failure: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      adviseLargePages(buffer)
      while count < size {
        // Safe: count < size, the capacity asked for.
        let amount = read(descriptor, buffer.baseAddress! + count, size - count)
        if amount < 0, errno == EINTR { continue }
        if amount < 0 { failure = errno }
        if amount <= 0 { break }
        count += amount
      }
    }
    if let failure { throw unreadable(failure) }
    return bytes
  }

  /// Asks for large pages, which are cleared for use in a tenth of the time; a refusal does not matter.
  private static func adviseLargePages(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
    #if os(Linux)
      guard let base = buffer.baseAddress, buffer.count > 1 << 22 else { return }
      let pageSize = sysconf(Int32(_SC_PAGESIZE))
      let padding = -Int(bitPattern: base) & (pageSize - 1)
      // Safe: a part of the buffer, and its bytes do not change.
      _ = madvise(base + padding, buffer.count - padding, MADV_HUGEPAGE)
    #endif
  }

  private static func unreadable(_ number: Int32) -> ModelFormatError {
    ModelFormatError(.unreadable, "the file cannot be read: " + String(cString: strerror(number)))
  }
}
