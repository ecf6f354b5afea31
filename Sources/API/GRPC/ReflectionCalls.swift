import GRPCCore
import GRPCProtobuf
import SwiftProtobuf

/// gRPC's reflection: tells tools such as grpcurl what the server serves. Versions v1 and v1alpha
/// differ in their names only.
struct ReflectionCalls: RegistrableRPCService {
  private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  private let descriptions = ServiceDescriptions()

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    for package in ["grpc.reflection.v1", "grpc.reflection.v1alpha"] {
      router.registerHandler(
        forMethod: MethodDescriptor(
          fullyQualifiedService: "\(package).ServerReflection", method: "ServerReflectionInfo",
          type: .bidirectionalStreaming),
        deserializer: ProtobufDeserializer<Request>(), serializer: ProtobufSerializer<Response>()
      ) { [descriptions] request, _ in
        StreamingServerResponse { writer in
          try await untilCancelled {
            for try await message in request.messages {
              try await writer.write(Self.answer(message, descriptions))
            }
          }
          return [:]
        }
      }
    }
  }

  private static func answer(_ request: Request, _ descriptions: ServiceDescriptions) -> Response {
    .with {
      $0.validHost = request.host
      $0.originalRequest = request
      switch request.messageRequest {
      case .listServices:
        $0.listServicesResponse.service = descriptions.services.map { name in
          .with { $0.name = name }
        }
      case .fileByFilename(let name):
        $0.answer(with: descriptions.files[name], "there is no file \(name.prefix(200))")
      case .fileContainingSymbol(let symbol):
        $0.answer(
          with: descriptions.file(declaring: symbol), "there is no symbol \(symbol.prefix(200))")
      case .allExtensionNumbersOfType(let type) where descriptions.file(declaring: type) != nil:
        $0.allExtensionNumbersResponse.baseTypeName = type
      case .allExtensionNumbersOfType, .fileContainingExtension:
        $0.answer(with: nil, "there are no extensions")
      case nil:
        $0.errorResponse.errorCode = Int32(RPCError.Code.invalidArgument.rawValue)
        $0.errorResponse.errorMessage = "the request asks for nothing"
      }
    }
  }
}

extension Grpc_Reflection_V1_ServerReflectionResponse {
  fileprivate mutating func answer(with file: ServiceDescriptions.File?, _ problem: String) {
    if let file {
      fileDescriptorResponse.fileDescriptorProto = [file]
    } else {
      errorResponse.errorCode = Int32(RPCError.Code.notFound.rawValue)
      errorResponse.errorMessage = problem
    }
  }
}
