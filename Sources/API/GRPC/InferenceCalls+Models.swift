import GRPCCore
import Serving
import SwiftProtobuf

extension InferenceCalls {
  func modelMetadata(
    request: Inference_ModelMetadataRequest, context: ServerContext
  ) throws -> Inference_ModelMetadataResponse {
    let model = try service.metadata(request.name, version: request.version.nilIfEmpty)
    return .with {
      $0.name = model.name
      $0.versions = model.versions
      $0.platform = model.platform
      $0.inputs = model.inputs.map(Inference_ModelMetadataResponse.TensorMetadata.init)
      $0.outputs = model.outputs.map(Inference_ModelMetadataResponse.TensorMetadata.init)
      for (name, value) in model.properties { $0.properties[name] = value }
    }
  }

  func modelConfig(
    request: Inference_ModelConfigRequest, context: ServerContext
  ) throws -> Inference_ModelConfigResponse {
    let model = try service.metadata(request.name, version: request.version.nilIfEmpty)
    return .with {
      $0.config.name = model.name
      $0.config.platform = model.platform
      $0.config.backend = ServerMetadata().name
      // With a largest batch of 0 the dimensions have the rows in them, first.
      $0.config.maxBatchSize = 0
      $0.config.input = model.inputs.map { tensor in
        .with {
          $0.name = tensor.name
          $0.dataType = tensor.datatype.configured
          $0.dims = tensor.shape.map(Int64.init)
        }
      }
      $0.config.output = model.outputs.map { tensor in
        .with {
          $0.name = tensor.name
          $0.dataType = tensor.datatype.configured
          $0.dims = tensor.shape.map(Int64.init)
        }
      }
    }
  }

  func modelStatistics(
    request: Inference_ModelStatisticsRequest, context: ServerContext
  ) throws -> Inference_ModelStatisticsResponse {
    let models = try service.models(
      request.name.nilIfEmpty, version: request.version.nilIfEmpty)
    return .with {
      $0.modelStats = models.map { model in
        let counts = service.statistics[model.id]
        return .with {
          $0.name = model.id.name
          $0.version = model.id.version
          $0.lastInference = counts.lastMilliseconds
          $0.inferenceCount = counts.rows
          $0.executionCount = counts.success.count
          $0.inferenceStats.success = .init(counts.whole)
          $0.inferenceStats.fail = .init(counts.failure)
          $0.inferenceStats.queue = .init(counts.queue)
          $0.inferenceStats.computeInput = .init(counts.input)
          $0.inferenceStats.computeInfer = .init(counts.computation)
          $0.inferenceStats.computeOutput = .init(counts.output)
        }
      }
    }
  }
}

extension Inference_ModelMetadataResponse.TensorMetadata {
  fileprivate init(_ tensor: TensorMetadata) {
    name = tensor.name
    datatype = tensor.datatype.rawValue
    shape = tensor.shape.map(Int64.init)
  }
}

extension Inference_StatisticDuration {
  fileprivate init(_ total: PredictionStatistics.Total) {
    count = total.count
    ns = total.nanoseconds
  }
}

extension Datatype {
  /// The same type in a model's configuration.
  fileprivate var configured: Inference_DataType {
    switch self {
    case .bool: .typeBool
    case .uint8: .typeUint8
    case .uint16: .typeUint16
    case .uint32: .typeUint32
    case .uint64: .typeUint64
    case .int8: .typeInt8
    case .int16: .typeInt16
    case .int32: .typeInt32
    case .int64: .typeInt64
    case .float16: .typeFp16
    case .bfloat16: .typeBf16
    case .float32: .typeFp32
    case .float64: .typeFp64
    case .bytes: .typeString
    }
  }
}
