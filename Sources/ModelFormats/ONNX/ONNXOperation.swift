import SwiftProtobuf

/// A node of the graph, its attributes decoded when they are asked for.
struct ONNXOperation {
  /// The operator, such as `Scaler`.
  let type: String
  /// What errors call the node.
  let place: String
  let inputs: [String]
  let outputs: [String]
  private let attributes: [String: ArraySlice<UInt8>]

  init(_ bytes: ArraySlice<UInt8>, index: Int) throws {
    var (type, name, domain) = ("", "", "")
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [ArraySlice<UInt8>] = []
    var fields = ProtobufFields(bytes)
    while let field = try fields.next() {
      switch field.number {
      case 1: inputs.append(try field.value.text())
      case 2: outputs.append(try field.value.text())
      case 3: name = try field.value.text()
      case 4: type = try field.value.text()
      case 5: attributes.append(try field.value.bytes())
      case 7: domain = try field.value.text()
      default: break
      }
      guard attributes.count <= 64, inputs.count <= ONNXDocument.maximumCount, outputs.count <= 64
      else {
        throw ModelFormatError(
          .tooLarge, "a node with more attributes, inputs or outputs than any has"
        )
        .inside("node[\(index)]")
      }
    }
    self.type = type
    self.inputs = inputs
    self.outputs = outputs
    place = "node[\(index)] (\((type + " " + name).shown))"
    // Machine learning has a domain of its own; in others the same name means something else.
    guard ["", "ai.onnx", "ai.onnx.ml"].contains(domain) else {
      throw ModelFormatError(
        .unsupported, "the operator \(type.quoted) of \(domain.quoted) is not read"
      ).inside(place)
    }
    var byName: [String: ArraySlice<UInt8>] = [:]
    for bytes in attributes { byName[try Self.name(of: bytes)] = bytes }
    self.attributes = byName
  }

  /// The name of an attribute, which comes first in what all writers write.
  private static func name(of bytes: ArraySlice<UInt8>) throws -> String {
    var fields = ProtobufFields(bytes)
    while let field = try fields.next() {
      if field.number == 1 { return try field.value.text() }
    }
    return ""
  }

  /// An error of this kind at this node.
  func error(_ code: ModelFormatError.Code, _ message: String) -> ModelFormatError {
    ModelFormatError(code, message).inside(place)
  }

  private func attribute(_ name: String) throws -> ONNXAttribute? {
    guard let bytes = attributes[name] else { return nil }
    do {
      return try ONNXAttribute.decoded(Array(bytes))
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
    var values: [Double] = []
    try withAttribute(name) { bytes in
      values.reserveCapacity(bytes.count / 4)
      try ProtobufFields.forEachFloat(7, in: bytes) { values.append(Double($0)) }
    }
    return (values, false)
  }
}

/// Lists as long as a model has nodes, which are read from where they lie.
extension ONNXOperation {
  /// Whole numbers of 32 bits; empty where there are none.
  func integers32(_ name: String) throws -> [Int32] {
    var values: [Int32] = []
    try withAttribute(name) { bytes in
      // What is never written to takes no memory.
      values.reserveCapacity(bytes.count / 2)
      try ProtobufFields.forEachInteger(8, in: bytes) {
        guard let value = Int32(exactly: $0) else {
          throw ModelFormatError(.malformed, "\($0) is too large")
        }
        values.append(value)
      }
    }
    return values
  }

  /// Whole numbers that must be indices.
  func indices(_ name: String) throws -> [Int32] {
    let values = try integers32(name)
    if let value = values.first(where: { $0 < 0 }) {
      throw error(.malformed, "\(value) in \(name) is no index")
    }
    return values
  }

  /// Whether each of some whole numbers is not 0; empty where all are.
  func flags(_ name: String) throws -> [Bool] {
    var values: [Bool] = []
    try withAttribute(name) { bytes in
      values.reserveCapacity(bytes.count)
      try ProtobufFields.forEachInteger(8, in: bytes) { values.append($0 != 0) }
    }
    return values.contains(true) ? values : []
  }

  /// What each of some texts stands for.
  func texts<Value>(
    _ name: String, _ value: (ArraySlice<UInt8>) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    try withAttribute(name) { bytes in
      values.reserveCapacity(bytes.count / 2)
      try ProtobufFields.forEachBytes(9, in: bytes) { values.append(try value($0)) }
    }
    return values
  }

  private func withAttribute(_ name: String, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
    guard let bytes = attributes[name] else { return }
    do {
      try body(bytes)
    } catch {
      let error = ModelFormatError(wrapping: error)
      throw error.path == nil ? error.inside(name).inside(place) : error
    }
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
