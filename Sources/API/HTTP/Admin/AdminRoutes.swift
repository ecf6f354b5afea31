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
struct AdminRoutes: Sendable {
  let manager: ModelManager
  let maximumUploadSize: Int

  var routes: [Route] {
    [
      route(
        .get, "/models", "How all models stand",
        answer: [("application/json", .named("ModelStatuses"))],
        .other { _ in try await RouteAnswer(encoding: manager.status()) }),
      route(
        .post, "/reload", "Look at the repository now, and show how all models stand",
        answer: [("application/json", .named("ModelStatuses"))],
        .other { _ in
          await manager.reload()
          return try await RouteAnswer(encoding: manager.status())
        }),
      route(
        .get, "/models/{model}", "How a model stands", errors: [.notFound],
        .other { try await status(of: $0.name("model")) }),
      route(
        .post, "/models/{model}/load", "Load what the repository has of a model",
        errors: [.notFound, .conflict, .serviceUnavailable],
        .other { call in try await change(call) { try await manager.load($0) } }),
      route(
        .post, "/models/{model}/unload", "Stop serving a model",
        errors: [.notFound, .serviceUnavailable],
        .other { call in try await change(call) { try await manager.unload($0) } }),
    ] + versions + labels + traffic
  }

  private var versions: [Route] {
    let base = "/models/{model}/versions/{version}"
    return [
      route(
        .post, "\(base)/load", "Load a version and keep it in memory",
        errors: [.notFound, .unprocessableContent, .serviceUnavailable],
        .other { call in
          try await changeVersion(call) { try await manager.load($0) }
        }),
      route(
        .post, "\(base)/unload", "Take a version out of memory",
        errors: [.notFound, .conflict, .serviceUnavailable],
        .other { call in
          try await changeVersion(call) { try await manager.unload(version: $0) }
        }),
      upload("\(base)/files/{file}"),
    ]
  }

  private var labels: [Route] {
    let path = "/models/{model}/labels/{label}"
    return [
      route(
        .put, path, "Let a label stand for a version",
        request: [("application/json", .named("LabelTarget"))],
        errors: [.notFound, .conflict, .serviceUnavailable],
        .other { call in
          let label = try call.name("label")
          let target = try call.decode(LabelTarget.self)
          return try await change(call) {
            try await manager.setLabel(label, of: ModelID(name: $0, version: target.version))
          }
        }),
      route(
        .delete, path, "Take a label away", errors: [.notFound, .serviceUnavailable],
        .other { call in
          let label = try call.name("label")
          return try await change(call) { try await manager.removeLabel(label, of: $0) }
        }),
    ]
  }

  private var traffic: [Route] {
    let path = "/models/{model}/traffic"
    let ifMatch = RouteDescription.Parameter(
      "If-Match", in: .header, "the ETag that was seen: refused if the model was changed since")
    let errors: [HTTPResponse.Status] = [
      .notFound, .conflict, .preconditionFailed, .serviceUnavailable,
    ]
    return [
      route(
        .put, path, "Spread the requests for a model over its versions", parameters: [ifMatch],
        request: [("application/json", .named("TrafficRule"))], errors: errors,
        .other { call in
          let rule = try call.decode(TrafficRule.self)
          return try await change(call) {
            try await manager.setTraffic(rule, of: $0, revision: call.revision)
          }
        }),
      route(
        .delete, path, "Take a model's traffic rule away", parameters: [ifMatch], errors: errors,
        .other { call in
          try await change(call) {
            try await manager.setTraffic(nil, of: $0, revision: call.revision)
          }
        }),
    ]
  }

  private func upload(_ path: String) -> Route {
    var route = route(
      .put, path, "Take in a file of a new version: its manifest, or the model",
      request: [("application/octet-stream", .named("Binary"))],
      errors: [.notFound, .conflict, .unprocessableContent, .serviceUnavailable],
      .stream { request, parameters in
        let id = ModelID(
          name: try parameters.name("model"), version: try parameters.name("version"))
        let file = try parameters.name("file")
        if let length = request.headers[.contentLength].flatMap(Int.init),
          length > maximumUploadSize
        {
          throw Problem.uploadTooLarge(limit: maximumUploadSize)
        }
        try await manager.upload(
          id, file: file, bytes: request.body, maximumSize: maximumUploadSize)
        // A manifest alone waits for its model, which may be the first of that name.
        guard file != "manifest.json" else { return Response(status: .accepted) }
        var answer = try await status(of: id.name)
        answer.status = .created
        return Response(answer)
      })
    route.description.otherAnswers = [
      (.created, route.description.answer), (.accepted, []),
    ]
    route.description.answer = []
    return route
  }

  /// Changes a model and answers how it stands then.
  private func change(
    _ call: RouteCall, _ body: (String) async throws -> Void
  ) async throws -> RouteAnswer {
    let name = try call.name("model")
    try await body(name)
    return try await status(of: name)
  }

  private func changeVersion(
    _ call: RouteCall, _ body: (ModelID) async throws -> Void
  ) async throws -> RouteAnswer {
    let version = try call.name("version")
    return try await change(call) { try await body(ModelID(name: $0, version: version)) }
  }

  private func status(of name: String) async throws -> RouteAnswer {
    let status = try await manager.status(of: name)
    var answer = try RouteAnswer(encoding: status)
    answer.headers[.eTag] = "\"\(status.revision)\""
    return answer
  }
}

extension AdminRoutes {
  /// Where a label is to point.
  private struct LabelTarget: Decodable {
    let version: String
  }

  private static let pathParameters: [RouteDescription.Parameter] = [
    .model, .version,
    .init("label", in: .path, "the label"),
    .init("file", in: .path, "`manifest.json`, or the model file's name, such as `model.json`"),
  ]

  /// A route below `/admin`; it answers how a model stands unless it says otherwise.
  private func route(
    _ method: HTTPRequest.Method, _ path: String, _ summary: String,
    parameters: [RouteDescription.Parameter] = [], request: RouteDescription.Content = [],
    answer: RouteDescription.Content = [("application/json", .named("ModelStatus"))],
    errors: [HTTPResponse.Status] = [], _ work: Route.Work
  ) -> Route {
    let inPath = Self.pathParameters.filter { path.contains("{\($0.name)}") }
    return Route(
      method: method, path: "/admin" + path,
      description: RouteDescription(
        group: .admin, summary: summary, parameters: inPath + parameters, request: request,
        answer: answer,
        errors: [.unauthorized, .forbidden] + (inPath.isEmpty ? [] : [.badRequest]) + errors),
      work: work)
  }
}

extension [String: String] {
  /// A part of the path that becomes the name of a folder or file.
  fileprivate func name(_ part: String) throws -> String {
    guard let text = self[part], ModelID.isValidName(text) else {
      throw Problem.badRequest(
        "invalid_name",
        "a \(part) is 1 to 128 letters, digits, '.', '_' and '-', and does not begin with '.'",
        field: part)
    }
    return text
  }
}

extension RouteCall {
  fileprivate func name(_ part: String) throws -> String { try parameters.name(part) }

  /// What `If-Match` says, without its quotes.
  fileprivate var revision: String? {
    head.headerFields[.ifMatch].map { $0.filter { $0 != "\"" } }
  }

  fileprivate func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try head.requireJSON()
    do {
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as DecodingError {
      let (path, detail) = error.place
      throw Problem.badRequest("invalid_body", detail, field: path.isEmpty ? nil : path)
    }
  }
}

extension RouteAnswer {
  fileprivate init(encoding value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    self.init(ByteBuffer(bytes: try encoder.encode(value)))
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
