/// Numbers of one type at equal distances in the bytes of an array.
struct NumpyColumn {
  let type: NumpyType
  let bytes: ArraySlice<UInt8>
  /// Where the first begins, from the start of the bytes.
  let offset: Int
  /// The bytes from one to the next.
  let stride: Int
  let count: Int

  /// The numbers; nil when they are none.
  func doubles() -> [Double]? {
    switch (type.kind, type.size) {
    case (UInt8(ascii: "f"), 8): map(UInt64.self) { Double(bitPattern: $0) }
    case (UInt8(ascii: "f"), 4): map(UInt32.self) { Double(Float(bitPattern: $0)) }
    default: integers()?.map(Double.init)
    }
  }

  /// The whole numbers; nil when they are none, or exceed 63 bits.
  func integers() -> [Int]? {
    switch (type.kind, type.size) {
    case (UInt8(ascii: "b"), 1): return map(UInt8.self) { $0 == 0 ? 0 : 1 }
    case (UInt8(ascii: "i"), 1): return map(Int8.self, Int.init)
    case (UInt8(ascii: "i"), 2): return map(Int16.self, Int.init)
    case (UInt8(ascii: "i"), 4): return map(Int32.self, Int.init)
    case (UInt8(ascii: "i"), 8): return map(Int64.self, Int.init)
    case (UInt8(ascii: "u"), 1): return map(UInt8.self, Int.init)
    case (UInt8(ascii: "u"), 2): return map(UInt16.self, Int.init)
    case (UInt8(ascii: "u"), 4): return map(UInt32.self, Int.init)
    case (UInt8(ascii: "u"), 8):
      let values = map(UInt64.self) { Int(exactly: $0) }
      return values?.contains(nil) == false ? values?.compactMap(\.self) : nil
    default: return nil
    }
  }

  /// Reads each number; nil when the bytes do not hold them.
  private func map<Bits: FixedWidthInteger, Number>(
    _: Bits.Type, _ transform: (Bits) -> Number
  ) -> [Number]? {
    guard count > 0 else { return [] }
    let (last, overflow) = (count - 1).multipliedReportingOverflow(by: stride)
    guard !overflow, last <= bytes.count - offset - MemoryLayout<Bits>.size else { return nil }
    return bytes.withUnsafeBytes { bytes in
      (0..<count).map { index in
        // Safe: the last number ends within the bytes, as was checked above.
        let bits = bytes.loadUnaligned(fromByteOffset: offset + index * stride, as: Bits.self)
        return transform(type.isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
      }
    }
  }
}
