import GRPCCore
import NIOCore
import SwiftProtobuf

/// One message of gRPC's wire format: a byte that says whether it is compressed, its length
/// (UInt32, big-endian), and its bytes. Protobuf reads and writes the bytes in place.
struct MessageFrame: SwiftProtobufContiguousBytes {
  private static let headSize = 5

  /// The whole frame.
  private(set) var buffer: ByteBuffer

  /// Reads the only frame in these bytes.
  ///
  /// - Throws: an `RPCError` when it is not whole, not the only one, or compressed.
  init(whole bytes: ByteBuffer) throws(RPCError) {
    guard let length = try Self.length(bytes) else {
      throw RPCError(code: .internalError, message: "the call ended without a message")
    }
    guard bytes.readableBytes == Self.headSize + length else {
      throw RPCError(
        code: .internalError,
        message: "the message has \(bytes.readableBytes - Self.headSize) bytes, "
          + "but its head says \(length)")
    }
    buffer = bytes
  }

  /// The length of the message that begins here; nil when its head is not whole yet.
  static func length(_ bytes: ByteBuffer) throws(RPCError) -> Int? {
    guard
      let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self),
      let flag = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self)
    else { return nil }
    guard flag == 0 else {
      throw RPCError(
        code: .internalError,
        message: "the message is compressed, but grpc-encoding does not say how")
    }
    return Int(length)
  }

  init(repeating byte: UInt8, count: Int) {
    buffer = ByteBuffer()
    buffer.reserveCapacity(Self.headSize + count)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(count))
    buffer.writeRepeatingByte(byte, count: count)
  }

  init(_ bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    self.init(repeating: 0, count: bytes.count)
    buffer.setBytes(bytes, at: buffer.readerIndex + Self.headSize)
  }

  var count: Int { buffer.readableBytes - Self.headSize }

  func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try buffer.withUnsafeReadableBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[Self.headSize...]))
    }
  }

  mutating func withUnsafeMutableBytes<Result>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try buffer.withUnsafeMutableReadableBytes {
      try body(UnsafeMutableRawBufferPointer(rebasing: $0[Self.headSize...]))
    }
  }
}
