import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
    let model = try ONNXModel.decoded(bytes)
    guard model.hasGraph else { throw ModelFormatError(.malformed, "there is no graph") }
    let graph = model.graph
    for (name, messages) in [
      ("node", graph.node), ("initializer", graph.initializer), ("input", graph.input),
      ("output", graph.output), ("opset_import", model.opsetImport),
    ] where messages.count > Self.maximumCount {
      throw ModelFormatError(.tooLarge, "\(messages.count) are more than \(Self.maximumCount)")
        .inside("graph." + name)
    }
    for bytes in model.opsetImport {
      let set = try ONNXOperatorSet.decoded(bytes)
      if set.domain == "ai.onnx.ml", !(1...5 ~= set.version) {
        throw ModelFormatError(
          .unsupported, "version \(set.version) of the operators ai.onnx.ml is not known"
        ).inside("opset_import")
      }
    }
    producer = model.producerName.isEmpty ? "onnx" : model.producerName.shown
    producerVersion = model.producerVersion.isEmpty ? nil : model.producerVersion.shown
    var constants: [String: ONNXConstant] = [:]
    for (index, bytes) in graph.initializer.enumerated() {
      do {
        let constant = try ONNXConstant(ONNXTensor.decoded(bytes))
        constants[constant.name] = constant
      } catch {
        throw ModelFormatError(wrapping: error).inside("initializer[\(index)]")
      }
    }
    self.constants = constants
    operations = try graph.node.enumerated().map { try ONNXOperation($1, index: $0) }
    // Older files list constants among the inputs.
    inputs = try graph.input.map { try Self.port($0) }.filter { constants[$0.name] == nil }
    outputs = try graph.output.map { try Self.port($0) }
  }

  private static func port(_ bytes: Data) throws -> Port {
    let info = try ONNXValueInfo.decoded(bytes)
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
