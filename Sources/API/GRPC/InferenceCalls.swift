import GRPCCore
import Serving
import SwiftProtobuf

/// The calls of the Open Inference Protocol; ``DirectInference`` answers `ModelInfer` before it comes
/// here.
struct InferenceCalls: Inference_GRPCInferenceService.SimpleServiceProtocol {
  let service: InferenceService

  func serverLive(
    request: Inference_ServerLiveRequest, context: ServerContext
  ) -> Inference_ServerLiveResponse {
    .with { $0.live = true }
  }

  func serverReady(
    request: Inference_ServerReadyRequest, context: ServerContext
  ) async -> Inference_ServerReadyResponse {
    let reason = await service.health.reasonNotReady()
    return .with { $0.ready = reason == nil }
  }

  func modelReady(
    request: Inference_ModelReadyRequest, context: ServerContext
  ) async -> Inference_ModelReadyResponse {
    // As Triton answers: a client that waits for a model asks for one that is not there yet.
    let isReady = try? await service.isReady(request.name, version: request.version.nilIfEmpty)
    return .with { $0.ready = isReady ?? false }
  }

  func serverMetadata(
    request: Inference_ServerMetadataRequest, context: ServerContext
  ) -> Inference_ServerMetadataResponse {
    let metadata = ServerMetadata()
    return .with {
      $0.name = metadata.name
      $0.version = metadata.version
      // Raw contents belong to the protocol itself here; the extension is HTTP's.
      $0.extensions = metadata.extensions.filter { $0 != "binary_tensor_data" }
    }
  }

  func modelInfer(
    request: Inference_ModelInferRequest, context: ServerContext
  ) async throws -> Inference_ModelInferResponse {
    try await service.answer(request, call: .current)
  }

  func modelStreamInfer(
    request: RPCAsyncSequence<Inference_ModelInferRequest, any Error>,
    response: RPCWriter<Inference_ModelStreamInferResponse>, context: ServerContext
  ) async throws {
    do {
      try await untilCancelled { [service] in
        for try await message in request {
          try await service.health.finishing {
            try await response.write(await service.streamed(message))
          }
        }
      }
    } catch is CancellationError where service.health.isStopping {
      throw PredictionError(.unavailable, "the server is stopping; connect again")
    }
  }

  func repositoryIndex(
    request: Inference_RepositoryIndexRequest, context: ServerContext
  ) -> Inference_RepositoryIndexResponse {
    .with {
      $0.models = service.repository.index()
        .filter { !request.ready || $0.state == .ready }
        .map { entry in
          .with {
            $0.name = entry.id.name
            $0.version = entry.id.version
            $0.state = entry.state.rawValue
            $0.reason = entry.reason
          }
        }
    }
  }

  func repositoryModelLoad(
    request: Inference_RepositoryModelLoadRequest, context: ServerContext
  ) async throws -> Inference_RepositoryModelLoadResponse {
    guard request.parameters.isEmpty else {
      throw PredictionError(
        .unsupported,
        "a model is loaded as its repository has it; parameters such as config are not taken")
    }
    let name = request.modelName.nilIfEmpty ?? request.repositoryName
    try await service.repository.load(name)
    return .with {
      $0.modelName = name
      $0.isLoaded = true
    }
  }

  func repositoryModelUnload(
    request: Inference_RepositoryModelUnloadRequest, context: ServerContext
  ) async throws -> Inference_RepositoryModelUnloadResponse {
    let name = request.modelName.nilIfEmpty ?? request.repositoryName
    try await service.repository.unload(name)
    return .with {
      $0.modelName = name
      $0.isUnloaded = true
    }
  }
}

extension InferenceService {
  /// Answers one message of a stream; an error is an answer too, and the stream goes on.
  fileprivate func streamed(
    _ message: Inference_ModelInferRequest
  ) async -> Inference_ModelStreamInferResponse {
    do throws(PredictionError) {
      let answer = try await answer(message, call: .current)
      return .with { $0.inferResponse = answer }
    } catch {
      return .with {
        $0.errorMessage = error.message
        // Tells which request it was.
        $0.inferResponse.id = message.id
      }
    }
  }
}

extension String {
  var nilIfEmpty: String? { isEmpty ? nil : self }
}
