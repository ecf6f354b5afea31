import CBZip2

/// Unpacks bzip2.
final class BZip2Decompressor: Decompressor {
  // The library keeps a pointer to it.
  private let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)

  init() throws {
    stream.initialize(to: bz_stream())
    let code = BZ2_bzDecompressInit(stream, 0, 0)
    guard code == BZ_OK else {
      stream.deallocate()
      throw ModelFormatError(.unreadable, "bzip2 cannot start (code \(code))")
    }
  }

  deinit {
    BZ2_bzDecompressEnd(stream)
    stream.deallocate()
  }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws -> (read: Int, written: Int, isAtEnd: Bool) {
    let available = UInt32(min(input.count, 1 << 30))
    // Safe: the library reads and writes no more than the counts say.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
    stream.pointee.avail_in = available
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
    stream.pointee.avail_out = UInt32(output.count)
    let code = BZ2_bzDecompress(stream)
    guard code == BZ_OK || code == BZ_STREAM_END else { throw damaged("bzip2", Int(code)) }
    return (
      Int(available - stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out),
      code == BZ_STREAM_END
    )
  }
}
