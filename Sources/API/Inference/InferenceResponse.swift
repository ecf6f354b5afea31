import NIOCore

/// An answer, before a protocol encodes it.
struct InferenceResponse: Sendable {
  /// The model that answered.
  var modelName: String
  /// Its version.
  var modelVersion: String
  /// The request's id: the client's own, or one that was made up.
  var id: String
  /// Warnings about rows, if there are any.
  var parameters: [(name: String, value: InferenceParameter)]
  /// In the order in which they were asked for.
  var outputs: [OutputTensor]
}

/// A tensor of an answer.
struct OutputTensor: Sendable {
  /// The elements.
  enum Content: Sendable {
    /// Numbers that the data type holds.
    case numbers([Float])
    /// Texts, for the data type BYTES.
    case texts([String])
  }

  var name: String
  var datatype: Datatype
  /// The size of each dimension; rows are the first.
  var shape: [Int]
  /// Row-major.
  var content: Content
  /// Whether the request asks for it in binary form; nil when it does not say.
  var wantsBinary: Bool?

  /// Appends the little-endian bytes of the elements; each text after its length (UInt32).
  func writeBytes(to buffer: inout ByteBuffer) {
    switch content {
    case .numbers(let values):
      switch datatype {
      case .int32:
        for value in values {
          buffer.writeInteger(Int32(exactly: value) ?? -1, endianness: .little)
        }
      case .int64:
        for value in values {
          buffer.writeInteger(Int64(exactly: value) ?? -1, endianness: .little)
        }
      default: buffer.writeFloats(values)
      }
    case .texts(let texts):
      for text in texts {
        buffer.writeInteger(UInt32(text.utf8.count), endianness: .little)
        buffer.writeString(text)
      }
    }
  }
}

extension ByteBuffer {
  /// Appends float32 values, little-endian.
  mutating func writeFloats(_ values: [Float]) {
    #if _endian(little)
      _ = values.withUnsafeBytes { writeBytes($0) }
    #else
      for value in values { writeInteger(value.bitPattern, endianness: .little) }
    #endif
  }
}
