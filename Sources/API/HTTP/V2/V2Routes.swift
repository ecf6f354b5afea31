import HTTPTypes
import JSON
import NIOCore
import Serving

/// The Open Inference Protocol V2 over REST, with Triton's extensions.
struct V2Routes {
  let service: InferenceService
  /// Where inferences with `Prefer: respond-async` go; nil for a server that has no jobs.
  let jobs: JobRoutes?

  var routes: [Route] {
    health + [metadata, modelList] + statistics + modelRoutes + repository + notServed
  }

  /// A route of this protocol.
  func route(
    _ method: HTTPRequest.Method, _ path: String, _ summary: String,
    parameters: [RouteDescription.Parameter] = [],
    request: RouteDescription.Content = [], isBodyRequired: Bool = true,
    answer: RouteDescription.Content, errors: [HTTPResponse.Status] = [], _ work: Route.Work
  ) -> Route {
    Route(
      method: method, path: path,
      description: RouteDescription(
        group: .v2, summary: summary, parameters: parameters, request: request,
        isBodyRequired: isBodyRequired, answer: answer, errors: errors, errorForm: .message),
      work: work)
  }

  /// The same route for the version that answers and for a given one.
  private func versioned(
    _ method: HTTPRequest.Method, _ suffix: String, _ summary: String,
    request: RouteDescription.Content = [], parameters: [RouteDescription.Parameter] = [],
    answer: RouteDescription.Content, errors: [HTTPResponse.Status], _ work: Route.Work
  ) -> [Route] {
    [
      route(
        method, "/v2/models/{model}\(suffix)", summary, parameters: [.model] + parameters,
        request: request, answer: answer, errors: errors, work),
      route(
        method, "/v2/models/{model}/versions/{version}\(suffix)", "\(summary), of one version",
        parameters: [.model, .version] + parameters, request: request, answer: answer,
        errors: errors, work),
    ]
  }

  private var health: [Route] {
    [
      route(
        .get, "/v2/health/live", "Whether the process lives",
        answer: [("application/json", .named("Live"))],
        .other { _ in RouteAnswer("{\"live\":true}") }),
      route(
        .get, "/v2/health/ready", "Whether it should get requests",
        answer: [("application/json", .named("Ready"))], errors: [.serviceUnavailable],
        .other { [health = service.health] _ in
          if let reason = await health.reasonNotReady() { throw Problem.notReady(reason) }
          return RouteAnswer("{\"ready\":true,\"live\":true}")
        }),
    ]
  }

  private var metadata: Route {
    route(
      .get, "/v2", "What the server is and can do",
      answer: [("application/json", .named("ServerMetadata"))],
      .other { _ in
        let server = ServerMetadata()
        return RouteAnswer(
          "{\"name\":\(server.name.jsonQuoted),\"version\":\(server.version.jsonQuoted),"
            + "\"extensions\":\(server.extensions.json)}")
      })
  }

  private var modelList: Route {
    route(
      .get, "/v2/models", "List the models", answer: [("application/json", .named("V1Models"))],
      .other { [service] _ in
        RouteAnswer("{\"models\":\(service.catalog.models.map(\.id.name).json)}")
      })
  }

  private var modelRoutes: [Route] {
    versioned(
      .get, "/ready", "Whether a model is ready",
      answer: [("application/json", .named("ModelReady"))],
      errors: [.notFound, .serviceUnavailable],
      .other { [service] call in
        let (name, version) = call.model
        guard try await service.isReady(name, version: version) else { throw Problem.notReady }
        return RouteAnswer("{\"name\":\(name.jsonQuoted),\"ready\":true}")
      })
      + versioned(
        .get, "", "What a model takes and gives",
        answer: [("application/json", .named("ModelMetadata"))], errors: [.notFound],
        .other { [service] call in
          RouteAnswer(try service.metadata(call.model.name, version: call.model.version).json)
        })
      + versioned(
        .get, "/config", "A model's configuration, in Triton's words",
        answer: [("application/json", .named("ModelConfiguration"))], errors: [.notFound],
        .other { [service] call in
          RouteAnswer(
            try service.metadata(call.model.name, version: call.model.version).configuration)
        })
      + versioned(
        .post, "/infer", "Predict rows",
        request: [
          ("application/json", .named("InferRequest")),
          ("application/octet-stream", .named("Binary")),
        ],
        parameters: [jobs == nil ? .prefer : .preferAsync, .jsonLength],
        answer: [
          ("application/json", .named("InferResponse")),
          ("application/octet-stream", .named("Binary")),
        ],
        errors: .prediction, .prediction(infer)
      ).map { $0.deferred(to: jobs) }
  }

  private func infer(_ call: RouteCall) throws -> PendingPrediction {
    let (name, version) = call.model
    let deadline = try call.deadline(service.timeout)
    let model = try call.model(service, named: name, version: version)
    let body = try V2Request(call.body, call.head, model: model)
    let inference = try Inference(
      body.request, for: model, deadline: deadline, requestID: call.requestID)
    return PendingPrediction(request: inference.prediction) {
      try inference.response(to: $0).v2Answer
    }
  }

  private var statistics: [Route] {
    let answer: RouteDescription.Content = [("application/json", .named("Statistics"))]
    let work = Route.Work.other { [service] call in
      let models = try service.models(
        call.parameters["model"], version: call.parameters["version"])
      let stats = models.map { service.statistics[$0.id].json($0.id) }
      return RouteAnswer("{\"model_stats\":[\(stats.joined(separator: ","))]}")
    }
    return [
      route(.get, "/v2/models/stats", "What was asked of each model", answer: answer, work)
    ]
      + versioned(
        .get, "/stats", "What was asked of a model", answer: answer, errors: [.notFound], work)
  }

  private var repository: [Route] {
    ["/v2/repository", "/v2/repository/{repository}"].flatMap { base -> [Route] in
      let inBase: [RouteDescription.Parameter] =
        base.contains("{")
        ? [.init("repository", in: .path, "a repository's name; there is one, under any")] : []
      return [
        route(
          .post, "\(base)/index", "List the models of the repository, ready or not",
          parameters: inBase,
          request: [("application/json", .named("IndexRequest"))], isBodyRequired: false,
          answer: [("application/json", .named("Index"))],
          .other { [service] call in
            let readyOnly = try call.flag({ $0 == "ready" }) ?? false
            let entries = service.repository.index().filter { !readyOnly || $0.state == .ready }
            return RouteAnswer("[\(entries.map(\.json).joined(separator: ","))]")
          }),
        change(base, inBase, "load", "Load a model, or what is new of it") { [service] in
          try await service.repository.load($0)
        },
        change(base, inBase, "unload", "Stop serving a model") { [service] in
          try await service.repository.unload($0)
        },
      ]
    }
  }

  private func change(
    _ base: String, _ parameters: [RouteDescription.Parameter], _ verb: String, _ summary: String,
    _ act: @escaping @Sendable (String) async throws -> Void
  ) -> Route {
    route(
      .post, "\(base)/models/{model}/\(verb)", summary, parameters: parameters + [.model],
      request: [("application/json", .named("LoadRequest"))], isBodyRequired: false,
      answer: [("application/json", .named("Loaded"))],
      errors: [
        .unauthorized, .forbidden, .notFound, .internalServerError, .notImplemented,
        .serviceUnavailable,
      ],
      .other { call in
        let name = call.parameters["model"] ?? ""
        if try call.flag({ $0 == "config" || $0.hasPrefix("file:") }) != nil {
          throw Problem.noOverride
        }
        try await act(name)
        return RouteAnswer("{\"name\":\(name.jsonQuoted),\"\(verb)\":true}")
      })
  }
}

extension RouteDescription.Parameter {
  /// Where the JSON of an inference request ends.
  static let jsonLength = Self(
    "Inference-Header-Content-Length", in: .header,
    "the bytes of the JSON, where binary tensors follow it")
}

extension RouteCall {
  /// The model and version in the path.
  fileprivate var model: (name: String, version: String?) {
    (parameters["model"] ?? "", parameters["version"])
  }

  /// A member of the body or of its parameters; a body that is empty has none.
  ///
  /// - Throws: `JSONError` when the body is no object; what is no bool counts as true.
  fileprivate func flag(_ isWanted: (String) -> Bool) throws -> Bool? {
    guard body.readableBytes > 0 else { return nil }
    var flag: Bool?
    try body.withUnsafeReadableBytes { bytes in
      // Safe: the scanner stays within this closure.
      try JSONScanner.read(bytes.bindMemory(to: UInt8.self)) { json in
        func read(_ json: inout JSONScanner) throws {
          try json.object { key, json in
            if isWanted(key) {
              flag = true
              if try json.kind() == .bool { flag = try json.bool() } else { try json.skip() }
            } else if key == "parameters", try json.kind() == .object {
              try read(&json)
            } else {
              try json.skip()
            }
          }
        }
        try read(&json)
      }
    }
    return flag
  }
}

extension Problem {
  fileprivate static var noOverride: Problem {
    Problem(
      status: .notImplemented, code: "unsupported",
      detail: "a model's files and configuration are read from the repository; they cannot be sent")
  }
}
