import CZlib

/// Unpacks zlib and gzip.
final class ZlibDecompressor: Decompressor {
  // The library keeps a pointer to it.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  init() throws {
    stream.initialize(to: z_stream())
    // 32: tell zlib from gzip.
    let code = inflateInit2_(
      stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      stream.deallocate()
      throw ModelFormatError(.unreadable, "zlib cannot start (code \(code))")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws -> (read: Int, written: Int, isAtEnd: Bool) {
    let available = UInt32(min(input.count, 1 << 30))
    // Safe: the library reads and writes no more than the counts say.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = available
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    let code = inflate(stream, Z_NO_FLUSH)
    guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
      throw damaged("zlib", Int(code))
    }
    return (
      Int(available - stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out),
      code == Z_STREAM_END
    )
  }
}
