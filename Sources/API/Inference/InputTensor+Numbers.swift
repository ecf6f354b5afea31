import NIOCore
import Serving

extension InputTensor {
  /// The number of elements that the shape has room for.
  ///
  /// - Throws: ``PredictionError`` for a negative dimension, or more elements than can be.
  func elementCount() throws(PredictionError) -> Int {
    var count = 1
    for size in shape {
      guard size >= 0 else { throw error("the shape \(shape) has a negative dimension") }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { throw error("the shape \(shape) is too large") }
      count = product
    }
    return count
  }

  /// The elements as float32, NaN where one is missing.
  ///
  /// - Throws: ``PredictionError`` when they are texts, or not as many as the shape says.
  func numbers() throws(PredictionError) -> [Float] {
    let count = try elementCount()
    switch content {
    case .numbers(let values):
      try check(values.count, count)
      return values
    case .texts:
      throw error("expected numbers, found texts (\(datatype.rawValue))")
    case .raw(let bytes):
      guard let size = datatype.byteCount else {
        throw error("expected numbers, found texts (\(datatype.rawValue))")
      }
      guard bytes.readableBytes % size == 0, bytes.readableBytes / size == count else {
        throw error(
          "the shape \(shape) of \(datatype.rawValue) takes \(count) elements of \(size) bytes, "
            + "but there are \(bytes.readableBytes) bytes")
      }
      return try numbers(in: bytes, count: count)
    }
  }

  /// The elements as texts, nil where one is missing.
  ///
  /// - Throws: ``PredictionError`` when they are no texts, or not as many as the shape says.
  func texts() throws(PredictionError) -> [String?] {
    let count = try elementCount()
    switch content {
    case .texts(let texts):
      try check(texts.count, count)
      return texts
    case .raw(var bytes) where datatype == .bytes:
      var texts: [String?] = []
      while bytes.readableBytes > 0 {
        guard let length = bytes.readInteger(endianness: .little, as: UInt32.self),
          let slice = bytes.readSlice(length: Int(length)),
          let text = String(validating: slice.readableBytesView, as: UTF8.self)
        else {
          throw error("element \(texts.count) is no text: a length of four bytes, then UTF-8")
        }
        texts.append(text)
      }
      try check(texts.count, count)
      return texts
    case .numbers, .raw:
      throw error("expected texts, found numbers (\(datatype.rawValue))")
    }
  }

  /// An error about this tensor.
  func error(_ message: String) -> PredictionError {
    PredictionError(.invalidRequest, "input \(name.prefix(80)): \(message)", field: "inputs")
  }

  private func check(_ found: Int, _ count: Int) throws(PredictionError) {
    guard found == count else {
      throw error("the shape \(shape) takes \(count) elements, but there are \(found)")
    }
  }

  private func numbers(in bytes: ByteBuffer, count: Int) throws(PredictionError) -> [Float] {
    switch datatype {
    case .float32: bytes.map(count, UInt32.self) { Float(bitPattern: $0) }
    case .float64:
      try finite(bytes.map(count, UInt64.self) { Float(Double(bitPattern: $0)) }, bytes)
    case .float16: bytes.map(count, UInt16.self) { Float(halfBits: $0) }
    case .bfloat16: bytes.map(count, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .bool: bytes.map(count, UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint8: bytes.map(count, UInt8.self) { Float($0) }
    case .uint16: bytes.map(count, UInt16.self) { Float($0) }
    case .uint32: bytes.map(count, UInt32.self) { Float($0) }
    case .uint64: bytes.map(count, UInt64.self) { Float($0) }
    case .int8: bytes.map(count, Int8.self) { Float($0) }
    case .int16: bytes.map(count, Int16.self) { Float($0) }
    case .int32: bytes.map(count, Int32.self) { Float($0) }
    case .int64: bytes.map(count, Int64.self) { Float($0) }
    case .bytes: []
    }
  }

  /// Refuses float64 numbers that float32 has no place for; infinity itself passes.
  private func finite(_ values: [Float], _ bytes: ByteBuffer) throws(PredictionError) -> [Float] {
    for (index, value) in values.enumerated() where value.isInfinite {
      let bits = bytes.getInteger(
        at: bytes.readerIndex + index * 8, endianness: .little, as: UInt64.self)
      guard let bits, Double(bitPattern: bits).isInfinite else {
        throw error("element \(index) is outside the range of float32")
      }
    }
    return values
  }
}

extension ByteBuffer {
  /// The first `count` little-endian integers, each turned into a number.
  ///
  /// - Precondition: there are as many.
  fileprivate func map<Bits: FixedWidthInteger>(
    _ count: Int, _ type: Bits.Type, _ transform: (Bits) -> Float
  ) -> [Float] {
    withUnsafeReadableBytes { bytes in
      [Float](unsafeUninitializedCapacity: count) { values, initialized in
        let size = MemoryLayout<Bits>.size
        precondition(bytes.count >= count * size)
        for index in 0..<count {
          // Safe: checked above; the bytes need no alignment.
          let bits = bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
          values.initializeElement(at: index, to: transform(Bits(littleEndian: bits)))
        }
        initialized = count
      }
    }
  }
}

extension Float {
  /// The value of an IEEE 754 number of 16 bits; Swift has the type not on every platform.
  init(halfBits bits: UInt16) {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: self = sign * fraction * 0x1p-24
    case 0x1F: self = fraction == 0 ? sign * .infinity : .nan
    default:
      self = sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }
  }
}
