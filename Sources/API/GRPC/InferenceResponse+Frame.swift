import NIOCore

extension InferenceResponse {
  /// The frame of a `ModelInferResponse`, byte for byte what `SwiftProtobuf` makes of it, in one go.
  ///
  /// - Parameter isRaw: whether the values are little-endian bytes, or typed.
  func frame(isRaw: Bool) -> MessageFrame {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(256)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(0))
    buffer.writeField(1, modelName)
    buffer.writeField(2, modelVersion)
    buffer.writeField(3, id)
    for (name, value) in parameters {
      buffer.writeMessage(4) {
        $0.writeField(1, name)
        $0.writeMessage(2) { $0.write(value) }
      }
    }
    for output in outputs { buffer.writeMessage(5) { $0.write(output, isRaw: isRaw) } }
    if isRaw {
      for output in outputs { buffer.writeMessage(6) { output.writeBytes(to: &$0) } }
    }
    buffer.setInteger(UInt32(buffer.readableBytes - MessageFrame.headSize), at: 1)
    return MessageFrame(buffer)
  }
}

extension ByteBuffer {
  fileprivate mutating func write(_ value: InferenceParameter) {
    switch value {
    case .bool(let value): writeVarint(1, value ? 1 : 0)
    case .integer(let value): writeVarint(2, UInt64(bitPattern: value))
    case .text(let value): writeMessage(3) { $0.writeString(value) }
    case .number(let value):
      writeTag(4, .fixed64)
      writeInteger(value.bitPattern, endianness: .little)
    }
  }

  fileprivate mutating func write(_ output: OutputTensor, isRaw: Bool) {
    writeField(1, output.name)
    writeField(2, output.datatype.rawValue)
    writePacked(3, output.shape) { $0.writeVarint(UInt64(bitPattern: Int64($1))) }
    guard !isRaw else { return }
    writeMessage(5) {
      switch (output.content, output.datatype) {
      case (.texts(let texts), _):
        for text in texts { $0.writeMessage(8) { $0.writeString(text) } }
      case (.numbers(let values), .int32):
        $0.writePacked(2, values) {
          $0.writeVarint(UInt64(bitPattern: Int64(Int32(exactly: $1) ?? -1)))
        }
      case (.numbers(let values), .int64):
        $0.writePacked(3, values) { $0.writeVarint(UInt64(bitPattern: Int64(exactly: $1) ?? -1)) }
      case (.numbers(let values), _):
        if !values.isEmpty { $0.writeMessage(6) { $0.writeFloats(values) } }
      }
    }
  }
}
