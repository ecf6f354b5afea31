import NIOCore
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension InferenceRequest {
  /// Reads the message of gRPC as nearly all clients send it: names, and values that are raw or FP32.
  ///
  /// - Throws: ``UnusualMessage`` for any other, whole or damaged; `SwiftProtobuf` has the last word on it.
  init(_ frame: MessageFrame) throws(UnusualMessage) {
    self.init(inputs: [])
    var (raw, typedCount) = ([ByteBuffer](), 0)
    var bytes = frame.message
    while bytes.readableBytes > 0 {
      let (number, content) = try bytes.readField()
      switch number {
      case 1: model = try content.text()
      case 2: version = try content.text()
      case 3: id = try content.text()
      case 5:
        let (input, isTyped) = try InputTensor.read(content)
        inputs.append(input)
        if isTyped { typedCount += 1 }
      case 7: raw.append(content)
      default: throw UnusualMessage()
      }
    }
    if model == "" { model = nil }
    if version == "" { version = nil }
    if id == "" { id = nil }
    guard raw.isEmpty ? typedCount == inputs.count : typedCount == 0 && raw.count == inputs.count
    else { throw UnusualMessage() }
    for (index, content) in raw.enumerated() { inputs[index].content = .raw(content) }
  }

  /// Reads the message of gRPC.
  ///
  /// - Throws: ``PredictionError`` when raw and typed contents do not go together.
  init(_ message: Inference_ModelInferRequest) throws(PredictionError) {
    let raw = message.rawInputContents
    guard raw.isEmpty || raw.count == message.inputs.count else {
      throw PredictionError(
        .invalidRequest,
        "there are \(raw.count) raw_input_contents for \(message.inputs.count) inputs",
        field: "raw_input_contents")
    }
    var inputs: [InputTensor] = []
    inputs.reserveCapacity(message.inputs.count)
    for (index, input) in message.inputs.enumerated() {
      inputs.append(try InputTensor(input, raw: raw.isEmpty ? nil : raw[index]))
    }
    self.init(
      model: message.modelName.isEmpty ? nil : message.modelName,
      version: message.modelVersion.isEmpty ? nil : message.modelVersion,
      id: message.id.isEmpty ? nil : message.id,
      parameters: message.parameters.compactMapValues(InferenceParameter.init), inputs: inputs,
      outputs: message.outputs.isEmpty
        ? nil
        : message.outputs.map {
          RequestedOutput(
            name: $0.name, parameters: $0.parameters.compactMapValues(InferenceParameter.init))
        })
  }
}

extension InferenceParameter {
  /// Nil when the client sent a parameter without a value.
  fileprivate init?(_ parameter: Inference_InferParameter) {
    switch parameter.parameterChoice {
    case .boolParam(let value): self = .bool(value)
    case .int64Param(let value): self = .integer(value)
    case .uint64Param(let value):
      self = Int64(exactly: value).map { .integer($0) } ?? .number(Double(value))
    case .doubleParam(let value): self = .number(value)
    case .stringParam(let value): self = .text(value)
    case nil: return nil
    }
  }
}

extension InputTensor {
  /// Reads a tensor, and says whether it has values, which are FP32.
  fileprivate static func read(
    _ message: ByteBuffer
  ) throws(UnusualMessage) -> (input: InputTensor, isTyped: Bool) {
    var (name, datatype, shape) = ("", Datatype?.none, [Int]())
    var (values, isTyped) = ([Float](), false)
    var bytes = message
    while bytes.readableBytes > 0 {
      let (number, field) = try bytes.readField()
      var content = field
      switch number {
      case 1: name = try content.text()
      case 2: datatype = Datatype(rawValue: try content.text())
      case 3: while content.readableBytes > 0 { shape.append(Int(try content.readVarint())) }
      case 5:
        isTyped = true
        while content.readableBytes > 0 {
          var list = try content.readField()
          guard list.number == 6, list.content.readableBytes % 4 == 0 else {
            throw UnusualMessage()
          }
          while let bits = list.content.readInteger(endianness: .little, as: UInt32.self) {
            values.append(Float(bitPattern: bits))
          }
        }
      default: throw UnusualMessage()
      }
    }
    guard let datatype, !isTyped || datatype == .float32 else { throw UnusualMessage() }
    return (
      InputTensor(name: name, datatype: datatype, shape: shape, content: .numbers(values)), isTyped
    )
  }

  fileprivate init(
    _ input: Inference_ModelInferRequest.InferInputTensor, raw: Data?
  ) throws(PredictionError) {
    guard let datatype = Datatype(rawValue: input.datatype) else {
      throw PredictionError(
        .invalidRequest,
        "input \(input.name.prefix(80)): there is no datatype \"\(input.datatype.prefix(20))\"; "
          + "there are \(Datatype.allCases.map(\.rawValue).joined(separator: ", "))",
        field: "inputs")
    }
    self.init(
      name: input.name, datatype: datatype, shape: input.shape.map { Int(clamping: $0) },
      content: .numbers([]))
    if let raw {
      guard !input.hasContents else {
        throw error("raw_input_contents and contents exclude each other; send one of them")
      }
      content = .raw(ByteBuffer(bytes: raw))
    } else {
      content = try typed(input.contents)
    }
  }

  /// The list of values that belongs to the data type.
  private func typed(_ contents: Inference_InferTensorContents) throws(PredictionError) -> Content {
    switch datatype {
    case .bool: .numbers(contents.boolContents.map { $0 ? 1 : 0 })
    case .int8, .int16, .int32: try integers(contents.intContents)
    case .int64: try integers(contents.int64Contents)
    case .uint8, .uint16, .uint32: try integers(contents.uintContents)
    case .uint64: try integers(contents.uint64Contents)
    case .float32: .numbers(contents.fp32Contents)
    case .float64: .numbers(try float32(contents.fp64Contents))
    case .bytes: .texts(try texts(contents.bytesContents))
    case .float16, .bfloat16:
      throw error("\(datatype.rawValue) has no typed contents; send it in raw_input_contents")
    }
  }

  private func integers(_ values: [some FixedWidthInteger]) throws(PredictionError) -> Content {
    if let range = datatype.integers,
      let index = values.firstIndex(where: { !range.contains(Double($0)) })
    {
      throw error("element \(index), \(values[index]), is no \(datatype.rawValue)")
    }
    return .numbers(values.map { Float($0) })
  }

  private func float32(_ values: [Double]) throws(PredictionError) -> [Float] {
    let rounded = values.map { Float($0) }
    if let index = rounded.indices.first(where: { rounded[$0].isInfinite && values[$0].isFinite }) {
      throw error("element \(index) is outside the range of float32")
    }
    return rounded
  }

  private func texts(_ values: [Data]) throws(PredictionError) -> [String?] {
    var texts: [String?] = []
    texts.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let text = String(validating: value, as: UTF8.self) else {
        throw error("element \(index) is no text in UTF-8")
      }
      texts.append(text)
    }
    return texts
  }
}
