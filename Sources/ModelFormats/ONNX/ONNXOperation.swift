import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A node of the graph, its attributes decoded when they are asked for.
struct ONNXOperation {
  /// The operator, such as `Scaler`.
  let type: String
  /// What errors call the node.
  let place: String
  let inputs: [String]
  let outputs: [String]
  private let attributes: [String: Data]

  init(_ bytes: Data, index: Int) throws {
    let node = try ONNXNode.decoded(bytes)
    guard node.attribute.count <= 64, node.input.count <= ONNXDocument.maximumCount,
      node.output.count <= 64
    else {
      throw ModelFormatError(
        .tooLarge, "a node with more attributes, inputs or outputs than any has"
      )
      .inside("node[\(index)]")
    }
    type = node.opType
    place = "node[\(index)] (\((node.opType + " " + node.name).shown))"
    inputs = node.input
    outputs = node.output
    // Machine learning has a domain of its own; in others the same name means something else.
    guard ["", "ai.onnx", "ai.onnx.ml"].contains(node.domain) else {
      throw ModelFormatError(
        .unsupported, "the operator \(node.opType.quoted) of \(node.domain.quoted) is not read"
      ).inside(place)
    }
    var attributes: [String: Data] = [:]
    for bytes in node.attribute {
      attributes[try Self.name(of: bytes)] = bytes
    }
    self.attributes = attributes
  }

  /// The name of an attribute, without decoding the rest: it comes first in what all writers write.
  private static func name(of bytes: Data) throws -> String {
    let start = bytes.startIndex
    if bytes.count >= 2, bytes[start] == 0x0A, bytes[start + 1] < 0x80,
      bytes.count >= 2 + Int(bytes[start + 1])
    {
      return String(decoding: bytes[start + 2..<start + 2 + Int(bytes[start + 1])], as: UTF8.self)
    }
    return try ONNXAttribute.decoded(bytes).name
  }

  /// An error of this kind at this node.
  func error(_ code: ModelFormatError.Code, _ message: String) -> ModelFormatError {
    ModelFormatError(code, message).inside(place)
  }

  private func attribute(_ name: String) throws -> ONNXAttribute? {
    guard let bytes = attributes[name] else { return nil }
    do {
      return try ONNXAttribute.decoded(bytes)
    } catch {
      throw ModelFormatError(wrapping: error).inside(name).inside(place)
    }
  }

  /// Whether there is such an attribute.
  func has(_ name: String) -> Bool { attributes[name] != nil }

  /// A whole number.
  func integer(_ name: String, default value: Int) throws -> Int {
    try attribute(name).map { Int($0.i) } ?? value
  }

  /// A number.
  func number(_ name: String) throws -> Float? { try attribute(name)?.f }

  /// A text.
  func string(_ name: String, default value: String) throws -> String {
    try attribute(name).map { String(decoding: $0.s, as: UTF8.self) } ?? value
  }

  /// Whole numbers; empty where there are none.
  func integers(_ name: String) throws -> [Int64] { try attribute(name)?.ints ?? [] }

  /// Numbers; empty where there are none.
  func numbers(_ name: String) throws -> [Float] { try attribute(name)?.floats ?? [] }

  /// Texts; empty where there are none.
  func strings(_ name: String) throws -> [String] {
    try attribute(name)?.strings.map { String(decoding: $0, as: UTF8.self) } ?? []
  }

  /// Texts as bytes, which are many.
  func rawStrings(_ name: String) throws -> [Data] { try attribute(name)?.strings ?? [] }

  /// A tensor; nil where there is none.
  func tensor(_ name: String) throws -> ONNXConstant? {
    guard let attribute = try attribute(name), attribute.hasT else { return nil }
    do {
      return try ONNXConstant(attribute.t)
    } catch {
      throw ModelFormatError(wrapping: error).inside(name).inside(place)
    }
  }

  /// Numbers of either width: those of the attribute with this name, or of the tensor beside it.
  func doubles(_ name: String) throws -> (values: [Double], areDouble: Bool) {
    if let tensor = try tensor(name + "_as_tensor") ?? tensor(name) {
      return (try tensor.numbers(), tensor.type == .double)
    }
    return (try numbers(name).map(Double.init), false)
  }
}

extension SwiftProtobuf.Message {
  /// Decodes a message, forgetting what Coppice does not know.
  static func decoded(_ bytes: some SwiftProtobufContiguousBytes) throws -> Self {
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    options.messageDepthLimit = 16
    do {
      return try Self(serializedBytes: bytes, partial: true, options: options)
    } catch {
      throw ModelFormatError(.malformed, "the bytes break the rules of protocol buffers")
    }
  }
}
