import HTTPTypes
import JSON
import Jobs
import NIOCore
import Serving

/// The protocols whose bodies are rows: KServe V1, MLflow, SageMaker and Vertex AI.
struct RowsRoutes {
  let service: InferenceService
  /// What Vertex AI's variables of the environment say, where they do.
  let vertex: VertexPaths

  var routes: [Route] {
    [models, model, predict, explain, invocations] + probes + vertexRoutes
  }

  // MARK: KServe V1

  private var models: Route {
    Route(
      method: .get, path: "/v1/models",
      description: .init(
        group: .v1, summary: "List the models",
        answer: [("application/json", .named("V1Models"))], errorForm: .message),
      work: .other { [service] _ in
        RouteAnswer("{\"models\":\(service.catalog.models.map(\.id.name).json)}")
      })
  }

  private var model: Route {
    Route(
      method: .get, path: "/v1/models/{model}",
      description: .init(
        group: .v1, summary: "Whether a model is ready", parameters: [.model],
        answer: [("application/json", .named("V1Model"))],
        errors: [.notFound, .serviceUnavailable], errorForm: .message),
      work: .other { [service] call in
        let name = call.parameters["model"] ?? ""
        guard try await service.isReady(name, version: nil) else { throw Problem.notReady }
        return RouteAnswer("{\"name\":\(name.jsonQuoted),\"ready\":true}")
      })
  }

  private var predict: Route {
    Route(
      method: .post, path: "/v1/models/{model}:predict",
      description: .init(
        group: .v1, summary: "Predict rows", parameters: [.model, .prefer],
        request: [("application/json", .named("V1Request"))],
        answer: [("application/json", .named("Predictions"))],
        errors: .prediction, errorForm: .message),
      work: .prediction { [service] call in
        let deadline = try call.deadline(service.timeout)
        let model = try call.model(service, named: call.parameters["model"])
        return try rows(
          RowsBody(json: call.body, for: model, .v1), model, deadline, call, isCSV: false)
      })
  }

  private var explain: Route {
    Route(
      method: .post, path: "/v1/models/{model}:explain",
      description: .init(
        group: .v1, summary: "Explain the predictions of rows by their SHAP values",
        parameters: [.model, .prefer], request: [("application/json", .named("V1Request"))],
        answer: [("application/json", .named("Explanations"))],
        errors: .prediction, errorForm: .message),
      work: .prediction { [service] call in
        let deadline = try call.deadline(service.timeout)
        let model = try call.model(service, named: call.parameters["model"])
        let (rows, warnings) = try RowsBody(json: call.body, for: model, .v1).decoder.result
        let answer = RowsAnswer(model: model, output: .predict, warnings: warnings)
        return PendingPrediction(
          request: PredictionRequest(
            model: model, rows: rows, outputs: [.predict, .contributions], deadline: deadline)
        ) { RouteAnswer(try answer.explanations($0)) }
      })
  }

  // MARK: MLflow and SageMaker

  private var invocations: Route {
    Route(
      method: .post, path: "/invocations",
      description: .init(
        group: .invocations,
        summary: "Predict rows: MLflow's four shapes of JSON, SageMaker's, or CSV",
        parameters: [
          .init("model", in: .query, "which model; not needed when only one is served"),
          .init("version", in: .query, "which version; the newest when it is left out"),
          .init("output", in: .query, "which output; predict when it is left out"), .prefer,
        ],
        request: [
          ("application/json", .named("Invocation")), ("text/csv", .text),
        ],
        answer: [("application/json", .named("Predictions")), ("text/csv", .text)],
        errors: .prediction, errorForm: .code),
      work: .prediction { [service] call in
        let query = try call.head.query("model", "version", "output")
        let deadline = try call.deadline(service.timeout)
        let model = try call.model(service, named: query["model"], version: query["version"])
        let isCSV = try call.isCSV
        let body =
          try isCSV
          ? RowsBody(csv: call.body, for: model)
          : RowsBody(json: call.body, for: model, .invocations)
        let answersCSV = call.wantsCSV ?? (isCSV && !body.hasHeader)
        return try rows(
          body, model, deadline, call, output: query["output"], isCSV: answersCSV)
      })
  }

  private var probes: [Route] {
    [("/ping", "\n"), ("/health", "\n"), ("/version", ServerVersion.current + "\n")].map {
      path, text in
      Route(
        method: .get, path: path,
        description: .init(
          group: .invocations,
          summary: path == "/version" ? "The server's version" : "Whether it should get requests",
          answer: [("text/plain", .text)],
          errors: path == "/version" ? [] : [.serviceUnavailable]),
        work: .other { [health = service.health] _ in
          if path != "/version", let reason = await health.reasonNotReady() {
            throw Problem.notReady(reason)
          }
          return RouteAnswer(type: "text/plain", text)
        })
    }
  }

  // MARK: Vertex AI

  private var vertexRoutes: [Route] {
    var routes: [Route] = []
    if let path = vertex.predict {
      routes.append(
        Route(
          method: .post, path: path,
          description: .init(
            group: .vertex, summary: "Predict rows", parameters: [.prefer],
            request: [("application/json", .named("V1Request"))],
            answer: [("application/json", .named("Predictions"))],
            errors: .prediction, errorForm: .message),
          work: .prediction { [service] call in
            let deadline = try call.deadline(service.timeout)
            let model = try call.model(service)
            return try rows(
              RowsBody(json: call.body, for: model, .vertex), model, deadline, call, isCSV: false)
          }))
    }
    if let path = vertex.health {
      routes.append(
        Route(
          method: .get, path: path,
          description: .init(
            group: .vertex, summary: "Whether it should get requests",
            answer: [("application/json", .named("Live"))], errors: [.serviceUnavailable]),
          work: .other { [health = service.health] _ in
            if let reason = await health.reasonNotReady() { throw Problem.notReady(reason) }
            return RouteAnswer("{\"live\":true}")
          }))
    }
    return routes
  }

  private func rows(
    _ body: RowsBody, _ model: Model, _ deadline: Deadline, _ call: RouteCall,
    output name: String? = nil, isCSV: Bool
  ) throws -> PendingPrediction {
    let wanted = try WantedOutput(
      RequestedOutput(name: name ?? body.output ?? Output.predict.rawValue), of: model,
      isBinary: nil)
    let (rows, warnings) = body.decoder.result
    let answer = RowsAnswer(model: model, output: wanted.output, warnings: warnings)
    return PendingPrediction(
      request: PredictionRequest(
        model: model, rows: rows, outputs: [wanted.output], deadline: deadline)
    ) { prediction in
      isCSV
        ? try answer.csv(prediction)
        : RouteAnswer(try answer.json(prediction))
    }
  }
}

extension RouteCall {
  /// Whether the body is CSV.
  ///
  /// - Throws: ``Problem`` when it says that it is neither JSON nor CSV.
  fileprivate var isCSV: Bool {
    get throws {
      if essence(.contentType) == "text/csv" { return true }
      try head.requireJSON()
      return false
    }
  }

  /// Whether the answer should be CSV; nil when the client does not say.
  fileprivate var wantsCSV: Bool? {
    switch essence(.accept) {
    case "text/csv": true
    case "application/json": false
    default: nil
    }
  }

  private func essence(_ name: HTTPField.Name) -> String? {
    head.headerFields[name]?.prefix { $0 != ";" && $0 != "," }.filter { $0 != " " }.lowercased()
  }
}

extension RouteDescription.Parameter {
  static let model = Self("model", in: .path, "the model's name")
  static let version = Self("version", in: .path, "the version's name")
  static let prefer = Self(
    "Prefer", in: .header, "`wait=5`: how long to wait at most, in seconds, up to 300")
}

extension [HTTPResponse.Status] {
  /// What can go wrong with a prediction.
  static let prediction: Self = [
    .notFound, .tooManyRequests, .internalServerError, .serviceUnavailable, .gatewayTimeout,
  ]
}
