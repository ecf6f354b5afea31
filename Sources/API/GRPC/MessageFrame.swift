import GRPCCore
import NIOCore
import SwiftProtobuf

/// One message of gRPC's wire format: a byte that says whether it is compressed, its length
/// (UInt32, big-endian), and its bytes. Protobuf reads and writes the bytes in place.
struct MessageFrame: GRPCContiguousBytes, SwiftProtobufContiguousBytes, Sendable {
  static let headSize = 5

  /// The whole frame.
  private(set) var buffer: ByteBuffer

  /// Wraps a frame whose head was checked.
  init(_ frame: ByteBuffer) {
    buffer = frame
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

  /// The message in it.
  var message: ByteBuffer {
    buffer.getSlice(at: buffer.readerIndex + Self.headSize, length: count) ?? ByteBuffer()
  }

  var isCompressed: Bool { buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == 1 }

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
