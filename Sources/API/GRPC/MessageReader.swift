import CZlib
import GRPCCore
import NIOCore

/// Takes the messages of one call out of its bytes as they come.
struct MessageReader {
  private let limit: Int
  private let isCompressed: Bool
  private var bytes = ByteBuffer()

  /// - Parameters:
  ///   - limit: the largest message, in bytes, after decompression.
  ///   - encoding: what `grpc-encoding` says.
  /// - Throws: an `RPCError` when there is no such encoding here.
  init(limit: Int, encoding: String?) throws(RPCError) {
    self.limit = limit
    switch encoding {
    case nil, "identity": isCompressed = false
    case "gzip", "deflate": isCompressed = true
    default:
      throw RPCError(
        code: .unimplemented, message: "messages may be encoded with gzip, deflate or identity",
        metadata: ["grpc-accept-encoding": "gzip,deflate,identity"])
    }
  }

  /// Whether all bytes were taken out.
  var isEmpty: Bool { bytes.readableBytes == 0 }

  /// Adds what came.
  mutating func append(_ part: ByteBuffer) {
    if isEmpty { bytes = part } else { bytes.writeImmutableBuffer(part) }
  }

  /// The next message, if it is whole.
  ///
  /// - Throws: an `RPCError` when it is too large, or cannot be decompressed.
  mutating func next() throws(RPCError) -> MessageFrame? {
    guard let flag = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self),
      let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self)
    else { return nil }
    guard length <= limit else { throw RPCError.tooLarge(limit: limit) }
    guard flag == 0 || flag == 1 && isCompressed else {
      throw RPCError(
        code: .internalError, message: "a message is compressed, but grpc-encoding does not say how"
      )
    }
    guard let frame = bytes.readSlice(length: MessageFrame.headSize + Int(length)) else {
      return nil
    }
    return flag == 0 ? MessageFrame(frame) : try MessageFrame(inflating: frame, limit: limit)
  }
}

extension MessageFrame {
  /// Decompresses a message (gzip or zlib).
  ///
  /// - Throws: an `RPCError` when it is damaged, or larger than the limit.
  fileprivate init(inflating frame: ByteBuffer, limit: Int) throws(RPCError) {
    var stream = z_stream()
    // 32: the head of the data says which of the two formats it is.
    guard
      inflateInit2_(
        &stream, MAX_WBITS + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw RPCError(code: .internalError, message: "no memory to decompress a message") }
    defer { inflateEnd(&stream) }

    var input = frame
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
    self.init(output.readableBytesView)
  }
}
