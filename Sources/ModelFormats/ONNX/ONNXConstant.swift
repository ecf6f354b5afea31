import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A tensor of the file: numbers or texts that are known without a row.
struct ONNXConstant {
  /// The types of elements that are read.
  enum ElementType: Int32 {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case double = 11

    /// Whether it holds whole numbers.
    var isInteger: Bool { self != .float && self != .double && self != .string }
  }

  /// The name that nodes use.
  let name: String
  let type: ElementType
  let dimensions: [Int]
  /// The numbers, row-major; empty for texts.
  private let values: [Double]
  /// The texts, row-major; empty for numbers.
  let texts: [String]

  var count: Int { type == .string ? texts.count : values.count }

  init(_ tensor: ONNXTensor) throws {
    guard let type = ElementType(rawValue: tensor.dataType) else {
      throw ModelFormatError(.unsupported, "a tensor of the type \(tensor.dataType) is not read")
    }
    guard tensor.dataLocation == 0 else {
      throw ModelFormatError(
        .unsupported, "a tensor's values lie in another file",
        remedy: "save the model with everything in one file")
    }
    self.type = type
    name = tensor.name
    texts = tensor.stringData.map { String(decoding: $0, as: UTF8.self) }
    values =
      try tensor.hasRawData ? Self.values(type, raw: tensor.rawData) : Self.values(type, tensor)
    var size = 1
    for dimension in tensor.dims {
      let (product, overflows) = size.multipliedReportingOverflow(by: Int(dimension))
      guard dimension >= 0, !overflows else {
        throw ModelFormatError(.malformed, "a tensor with a dimension of \(dimension)")
      }
      size = product
    }
    dimensions = tensor.dims.map(Int.init)
    guard size == count else {
      throw ModelFormatError(.malformed, "a tensor of \(size) elements has \(count)")
    }
  }

  /// The numbers.
  func numbers() throws -> [Double] {
    guard type != .string else {
      throw ModelFormatError(.malformed, "a tensor holds texts where numbers are expected")
    }
    return values
  }

  /// The numbers, which must be whole.
  func integers() throws -> [Int] {
    try numbers().map {
      guard let integer = Int(exactly: $0) else {
        throw ModelFormatError(.malformed, "\($0) where a whole number is expected")
      }
      return integer
    }
  }

  private static func values(_ type: ElementType, _ tensor: ONNXTensor) throws -> [Double] {
    switch type {
    case .float: tensor.floatData.map(Double.init)
    case .double: tensor.doubleData
    case .int64: tensor.int64Data.map(Double.init)
    case .int32, .int8, .uint8, .bool: tensor.int32Data.map(Double.init)
    case .string: []
    }
  }

  private static func values(_ type: ElementType, raw: Data) throws -> [Double] {
    func read<Value: BitwiseCopyable>(
      _: Value.Type, _ number: (Value) -> Double
    ) throws -> [Double] {
      let size = MemoryLayout<Value>.size
      guard raw.count % size == 0 else {
        throw ModelFormatError(.malformed, "\(raw.count) bytes of elements of \(size)")
      }
      return raw.withUnsafeBytes { bytes in
        // Safe: each element lies within the bytes.
        stride(from: 0, to: bytes.count, by: size).map {
          number(bytes.loadUnaligned(fromByteOffset: $0, as: Value.self))
        }
      }
    }
    switch type {
    case .float: return try read(Float.self) { Double($0) }
    case .double: return try read(Double.self) { $0 }
    case .int64: return try read(Int64.self) { Double($0) }
    case .int32: return try read(Int32.self) { Double($0) }
    case .int8: return try read(Int8.self) { Double($0) }
    case .uint8, .bool: return try read(UInt8.self) { Double($0) }
    case .string: throw ModelFormatError(.malformed, "a tensor of texts has raw data")
    }
  }
}
