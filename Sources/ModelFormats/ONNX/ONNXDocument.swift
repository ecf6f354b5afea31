/// The parts of an ONNX file that Coppice reads.
struct ONNXDocument {
  /// An input of the graph, or an output.
  struct Port {
    let name: String
    /// The type of the elements; nil where it is no tensor.
    let type: Int32?
    /// The size of each dimension; nil where it may vary. Empty where nothing is said.
    let dimensions: [Int?]
  }

  /// The most nodes, inputs, outputs and constants; pipelines have some dozens, and models that take
  /// every column by itself as many inputs as columns.
  static let maximumCount = 1 << 14

  /// What wrote the file, such as `skl2onnx`, and its version.
  let producer: String
  let producerVersion: String?
  let operations: [ONNXOperation]
  let constants: [String: ONNXConstant]
  let inputs: [Port]
  let outputs: [Port]

  init(_ bytes: [UInt8]) throws {
    var (producer, version) = ("", "")
    // The messages of a graph by the numbers of its fields: nodes, initializers, inputs, outputs.
    var graph: [Int: [ArraySlice<UInt8>]] = [:]
    var operatorSets: [ArraySlice<UInt8>] = []
    var hasGraph = false
    var fields = ProtobufFields(bytes[...])
    while let field = try fields.next() {
      switch field.number {
      case 2: producer = try field.value.text()
      case 3: version = try field.value.text()
      case 7:
        hasGraph = true
        var parts = ProtobufFields(try field.value.bytes())
        while let part = try parts.next() {
          guard let name = Self.graphFields[part.number] else { continue }
          graph[part.number, default: []].append(try part.value.bytes())
          try Self.check(graph[part.number]?.count ?? 0, "graph." + name)
        }
      case 8:
        operatorSets.append(try field.value.bytes())
        try Self.check(operatorSets.count, "opset_import")
      default: break
      }
    }
    guard hasGraph else { throw ModelFormatError(.malformed, "there is no graph") }
    for bytes in operatorSets {
      let set = try ONNXOperatorSet.decoded(Array(bytes))
      if set.domain == "ai.onnx.ml", !(1...5 ~= set.version) {
        throw ModelFormatError(
          .unsupported, "version \(set.version) of the operators ai.onnx.ml is not known"
        ).inside("opset_import")
      }
    }
    self.producer = producer.isEmpty ? "onnx" : producer.shown
    producerVersion = version.isEmpty ? nil : version.shown
    var constants: [String: ONNXConstant] = [:]
    for (index, bytes) in (graph[5] ?? []).enumerated() {
      do {
        let constant = try ONNXConstant(ONNXTensor.decoded(Array(bytes)))
        constants[constant.name] = constant
      } catch {
        throw ModelFormatError(wrapping: error).inside("initializer[\(index)]")
      }
    }
    self.constants = constants
    operations = try (graph[1] ?? []).enumerated().map { index, bytes in
      do {
        return try ONNXOperation(bytes, index: index)
      } catch {
        let error = ModelFormatError(wrapping: error)
        throw error.path == nil ? error.inside("node[\(index)]") : error
      }
    }
    // Older files list constants among the inputs.
    inputs = try (graph[11] ?? []).map { try Self.port($0) }.filter { constants[$0.name] == nil }
    outputs = try (graph[12] ?? []).map { try Self.port($0) }
  }

  private static let graphFields = [1: "node", 5: "initializer", 11: "input", 12: "output"]

  private static func check(_ count: Int, _ name: String) throws {
    guard count <= maximumCount else {
      throw ModelFormatError(.tooLarge, "there are more than \(maximumCount)")
        .inside(name)
    }
  }

  private static func port(_ bytes: ArraySlice<UInt8>) throws -> Port {
    let info = try ONNXValueInfo.decoded(Array(bytes))
    let tensor = info.type.tensorType
    return Port(
      name: info.name, type: info.type.hasTensorType ? tensor.elemType : nil,
      dimensions: tensor.shape.dim.prefix(8).map { $0.hasDimValue ? Int($0.dimValue) : nil })
  }

  /// Whether the first bytes look like a model: `ir_version` and then another known field of the
  /// model, which has no signature of its own.
  static func isModel(_ start: [UInt8]) -> Bool {
    // Field 1 as a small number, which every writer puts first.
    guard start.count > 4, start[0] == 0x08, 1...20 ~= start[1] else { return false }
    // Texts (2, 3, 4, 6), the version of the model (5), the graph (7), the operators (8).
    return [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42].contains(start[2])
  }
}
