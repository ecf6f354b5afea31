import NIOCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Inference_ModelInferResponse {
  /// The message of gRPC.
  ///
  /// - Parameter isRaw: whether the values are little-endian bytes, or typed.
  init(_ response: InferenceResponse, isRaw: Bool) {
    modelName = response.modelName
    modelVersion = response.modelVersion
    id = response.id
    for (name, value) in response.parameters { parameters[name] = Inference_InferParameter(value) }
    for output in response.outputs {
      var tensor = InferOutputTensor()
      tensor.name = output.name
      tensor.datatype = output.datatype.rawValue
      tensor.shape = output.shape.map(Int64.init)
      if isRaw {
        var bytes = ByteBuffer()
        output.writeBytes(to: &bytes)
        rawOutputContents.append(Data(bytes.readableBytesView))
      } else {
        tensor.contents = Inference_InferTensorContents(output)
      }
      outputs.append(tensor)
    }
  }
}

extension Inference_InferParameter {
  fileprivate init(_ value: InferenceParameter) {
    switch value {
    case .bool(let value): boolParam = value
    case .integer(let value): int64Param = value
    case .number(let value): doubleParam = value
    case .text(let value): stringParam = value
    }
  }
}

extension Inference_InferTensorContents {
  fileprivate init(_ output: OutputTensor) {
    switch output.content {
    case .texts(let texts): bytesContents = texts.map { Data($0.utf8) }
    case .numbers(let values):
      switch output.datatype {
      case .int32: intContents = values.map { Int32(exactly: $0) ?? -1 }
      case .int64: int64Contents = values.map { Int64(exactly: $0) ?? -1 }
      default: fp32Contents = values
      }
    }
  }
}
