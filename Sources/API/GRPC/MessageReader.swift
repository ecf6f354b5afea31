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

  /// The next message, if it is whole; compressed if the client compressed it.
  ///
  /// - Throws: an `RPCError` when it is too large.
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
    return MessageFrame(frame)
  }
}
