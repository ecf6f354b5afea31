import HTTPTypes
import JSON

/// The OpenAPI 3.1 document of routes.
struct OpenAPI {
  let routes: [Route]

  /// The document, as JSON text.
  var document: String {
    let paths = routes.byPath.sorted { $0.path < $1.path }
    let items = paths.map { path, routes in
      let operations = routes.map { "\"\($0.method.rawValue.lowercased())\":\(operation($0))" }
      return "\(path.jsonQuoted):{\(operations.joined(separator: ","))}"
    }
    let schemas = Schemas.named.map { "\"\($0.name)\":\($0.json)" }
    return """
      {"openapi":"3.1.0","info":{"title":"Coppice","version":"\(ServerVersion.current)",\
      "description":"Predictions of tree models, in the protocols that clients already speak."},\
      "paths":{\(items.joined(separator: ","))},\
      "components":{"schemas":{\(schemas.joined(separator: ","))}}}
      """
  }

  private func operation(_ route: Route) -> String {
    let description = route.description
    var members = [
      "\"operationId\":\(Self.id(route).jsonQuoted)",
      "\"tags\":[\(description.group.rawValue.jsonQuoted)]",
      "\"summary\":\(description.summary.jsonQuoted)",
    ]
    if !description.parameters.isEmpty {
      members.append(
        "\"parameters\":[\(description.parameters.map(Self.parameter).joined(separator: ","))]")
    }
    if !description.request.isEmpty {
      members.append(
        "\"requestBody\":{\"required\":\(description.isBodyRequired),"
          + "\"content\":{\(Self.content(description.request))}}")
    }
    members.append("\"responses\":{\(responses(route))}")
    return "{\(members.joined(separator: ","))}"
  }

  private func responses(_ route: Route) -> String {
    route.description.answers.map { status, content in
      let headers = route.headers(of: status, content).map(Self.header).joined(separator: ",")
      let body = content.isEmpty ? "" : ",\"content\":{\(Self.content(content))}"
      return "\"\(status.code)\":{\"description\":\(status.reasonPhrase.jsonQuoted),"
        + "\"headers\":{\(headers)}\(body)}"
    }.joined(separator: ",")
  }

  private static func header(_ header: Route.Header) -> String {
    "\(header.name.rawName.jsonQuoted):{\"description\":\(header.text.jsonQuoted),"
      + "\"required\":\(header.isRequired),\"schema\":\(header.schema.json)}"
  }

  private static func parameter(_ parameter: RouteDescription.Parameter) -> String {
    "{\"name\":\(parameter.name.jsonQuoted),\"in\":\"\(parameter.place.rawValue)\","
      + "\"required\":\(parameter.isRequired),\"description\":\(parameter.text.jsonQuoted),"
      + "\"schema\":\(parameter.schema.json)}"
  }

  private static func content(_ content: RouteDescription.Content) -> String {
    content.map { "\($0.type.jsonQuoted):{\"schema\":\($0.schema.json)}" }.joined(separator: ",")
  }

  private static func id(_ route: Route) -> String {
    let words = route.path.split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
    return route.method.rawValue.lowercased() + "_" + words
  }
}
