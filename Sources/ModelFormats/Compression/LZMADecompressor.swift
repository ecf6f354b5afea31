import CLZMA

/// Unpacks xz and the older lzma.
final class LZMADecompressor: Decompressor {
  /// What a file may ask for as its dictionary; `xz -9` asks for 65 MiB.
  private static let memoryLimit: UInt64 = 100 << 20

  // The library keeps a pointer to it.
  private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)

  init() throws {
    stream.initialize(to: lzma_stream())
    let code = lzma_auto_decoder(stream, Self.memoryLimit, 0)
    guard code == LZMA_OK else {
      stream.deallocate()
      throw ModelFormatError(.unreadable, "lzma cannot start (code \(code.rawValue))")
    }
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
  }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws -> (read: Int, written: Int, isAtEnd: Bool) {
    // Safe: the library reads and writes no more than the counts say.
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = input.count
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = output.count
    let code = lzma_code(stream, LZMA_RUN)
    if code == LZMA_MEMLIMIT_ERROR {
      throw ModelFormatError(
        .tooLarge, "the lzma data asks for more than \(Self.memoryLimit >> 20) MiB to unpack it")
    }
    guard code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR else {
      throw damaged("lzma", Int(code.rawValue))
    }
    return (
      input.count - stream.pointee.avail_in, output.count - stream.pointee.avail_out,
      code == LZMA_STREAM_END
    )
  }
}
