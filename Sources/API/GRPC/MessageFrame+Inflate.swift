import CZlib
import GRPCCore
import NIOCore

extension MessageFrame {
  /// The message without its compression (gzip or zlib), if it has one.
  ///
  /// - Parameter limit: the largest message, in bytes, after decompression.
  /// - Throws: an `RPCError` when it is damaged, or larger than the limit.
  func inflated(limit: Int) throws(RPCError) -> MessageFrame {
    guard isCompressed else { return self }
    var stream = z_stream()
    // 32: the head of the data says which of the two formats it is.
    guard
      inflateInit2_(
        &stream, MAX_WBITS + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw RPCError(code: .internalError, message: "no memory to decompress a message") }
    defer { inflateEnd(&stream) }

    var input = buffer
    input.moveReaderIndex(forwardBy: Self.headSize)
    var output = ByteBuffer()
    var status = Z_OK
    input.withUnsafeReadableBytes { compressed in
      // Safe: zlib reads from `next_in` only, inside this closure; its type has no const.
      stream.next_in = UnsafeMutablePointer(
        mutating: compressed.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(compressed.count)
      while status == Z_OK, output.readableBytes <= limit {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 << 10) { room in
          // Safe: zlib writes at most `avail_out` bytes from `next_out` on.
          let count = min(room.count, 1 << 20)
          stream.next_out = room.bindMemory(to: UInt8.self).baseAddress
          stream.avail_out = UInt32(count)
          status = inflate(&stream, Z_NO_FLUSH)
          return count - Int(stream.avail_out)
        }
      }
    }
    guard output.readableBytes <= limit else { throw RPCError.tooLarge(limit: limit) }
    guard status == Z_STREAM_END, stream.avail_in == 0 else {
      throw RPCError(code: .internalError, message: "a compressed message is damaged")
    }
    return MessageFrame(output.readableBytesView)
  }
}
