import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Serving

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin`: shows and changes which versions are served, and to whom. Who may call it is for
/// ``AdminGate`` to say.
struct AdminRoutes<Context: RequestContext>: Sendable {
  let manager: ModelManager
  let maximumUploadSize: Int

  /// Adds the routes to the router.
  func add(to router: Router<Context>) {
    router.only(.get, "/admin/models") { _, _ in try await Self.json(manager.status()) }
    router.only(.post, "/admin/reload") { _, _ in
      await manager.reload()
      return try await Self.json(manager.status())
    }
    router.only(.get, "/admin/models/{model}") { _, context in
      try await status(of: Self.model(context))
    }
    router.only(.post, "/admin/models/{model}/load") { _, context in
      try await change(context) { try await manager.load($0) }
    }
    router.only(.post, "/admin/models/{model}/unload") { _, context in
      try await change(context) { try await manager.unload($0) }
    }
    addVersions(to: router)
    router.answer(
      "/admin/models/{model}/labels/{label}", [.put: setLabel, .delete: removeLabel])
    router.answer(
      "/admin/models/{model}/traffic", [.put: setTraffic, .delete: removeTraffic])
  }

  private func addVersions(to router: Router<Context>) {
    router.only(.post, "/admin/models/{model}/versions/{version}/load") { _, context in
      let version = try Self.version(context)
      return try await change(context) {
        try await manager.load(ModelID(name: $0, version: version))
      }
    }
    router.only(.post, "/admin/models/{model}/versions/{version}/unload") { _, context in
      let version = try Self.version(context)
      return try await change(context) {
        try await manager.unload(version: ModelID(name: $0, version: version))
      }
    }
    router.only(.put, "/admin/models/{model}/versions/{version}/files/{file}") { request, context in
      let id = ModelID(name: try Self.model(context), version: try Self.version(context))
      let file = try Self.name(context, "file")
      if let length = request.headers[.contentLength].flatMap(Int.init), length > maximumUploadSize
      {
        throw Problem.uploadTooLarge(limit: maximumUploadSize)
      }
      try await manager.upload(id, file: file, bytes: request.body, maximumSize: maximumUploadSize)
      // A manifest alone waits for its model, which may be the first of that name.
      guard file != "manifest.json" else { return Response(status: .accepted) }
      var response = try await status(of: id.name)
      response.status = .created
      return response
    }
  }

  @Sendable private func setLabel(_ request: Request, _ context: Context) async throws -> Response {
    let label = try Self.name(context, "label")
    let target = try await Self.decode(LabelTarget.self, request)
    return try await change(context) {
      try await manager.setLabel(label, of: ModelID(name: $0, version: target.version))
    }
  }

  @Sendable private func removeLabel(_ request: Request, _ context: Context) async throws
    -> Response
  {
    let label = try Self.name(context, "label")
    return try await change(context) { try await manager.removeLabel(label, of: $0) }
  }

  @Sendable private func setTraffic(_ request: Request, _ context: Context) async throws
    -> Response
  {
    let rule = try await Self.decode(TrafficRule.self, request)
    return try await change(context) {
      try await manager.setTraffic(rule, of: $0, revision: Self.revision(request))
    }
  }

  @Sendable private func removeTraffic(_ request: Request, _ context: Context) async throws
    -> Response
  {
    try await change(context) {
      try await manager.setTraffic(nil, of: $0, revision: Self.revision(request))
    }
  }

  /// Changes a model and answers how it stands then.
  private func change(_ context: Context, _ body: (String) async throws -> Void) async throws
    -> Response
  {
    let name = try Self.model(context)
    try await body(name)
    return try await status(of: name)
  }

  private func status(of name: String) async throws -> Response {
    let status = try await manager.status(of: name)
    var response = try Self.json(status)
    response.headers[.eTag] = "\"\(status.revision)\""
    return response
  }
}

extension AdminRoutes {
  /// Where a label is to point.
  private struct LabelTarget: Decodable {
    let version: String
  }

  private static func model(_ context: Context) throws -> String { try name(context, "model") }

  private static func version(_ context: Context) throws -> String { try name(context, "version") }

  /// A part of the path that becomes the name of a folder or file.
  private static func name(_ context: Context, _ part: String) throws -> String {
    guard let text = context.parameters.get(part), ModelID.isValidName(text) else {
      throw Problem.badRequest(
        "invalid_name",
        "a \(part) is 1 to 128 letters, digits, '.', '_' and '-', and does not begin with '.'",
        field: part)
    }
    return text
  }

  /// What `If-Match` says, without its quotes.
  private static func revision(_ request: Request) -> String? {
    request.headers[.ifMatch].map { $0.filter { $0 != "\"" } }
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ request: Request) async throws
    -> Value
  {
    try request.head.requireJSON()
    let body = try await request.collectBody(upTo: 1 << 20)
    do {
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as DecodingError {
      let (path, detail) = error.place
      throw Problem.badRequest("invalid_body", detail, field: path.isEmpty ? nil : path)
    }
  }

  private static func json(_ value: some Encodable) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
  }
}

extension DecodingError {
  /// Where in the document, and what is wrong there.
  fileprivate var place: (path: String, detail: String) {
    let (context, detail): (Context, String) =
      switch self {
      case .keyNotFound(let key, let context): (context, "the member \(key.stringValue) is missing")
      case .typeMismatch(let type, let context): (context, "expected \(type)")
      case .valueNotFound(let type, let context): (context, "expected \(type), found null")
      case .dataCorrupted(let context): (context, context.debugDescription)
      @unknown default:
        (Context(codingPath: [], debugDescription: ""), "the body is not understood")
      }
    return (context.codingPath.map(\.stringValue).joined(separator: "."), detail)
  }
}

extension Problem {
  /// A refused change of the repository.
  init(repository error: RepositoryError) {
    let status: HTTPResponse.Status =
      switch error.code {
      case .invalid: .badRequest
      case .unknownModel, .unknownVersion, .unknownLabel: .notFound
      case .notReady, .conflict: .conflict
      case .changed: .preconditionFailed
      case .tooLarge: .contentTooLarge
      case .unacceptable: .unprocessableContent
      case .notSaved: .serviceUnavailable
      }
    self.init(
      status: status, code: error.code.rawValue, detail: error.message, field: error.field)
  }

  /// A file that is larger than it may be.
  static func uploadTooLarge(limit: Int) -> Problem {
    Problem(
      status: .contentTooLarge, code: "too_large",
      detail: "the file is over the limit of \(limit) bytes (--max-upload-bytes)")
  }
}
