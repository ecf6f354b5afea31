import HTTPTypes
import JSON
import NIOCore

/// The description of the routes, for programs and for people; it needs no network.
struct DocsRoutes {
  private let document: String
  private let page: String

  /// - Parameter routes: all routes but these.
  init(_ routes: [Route]) {
    document = OpenAPI(routes: routes + Self.routes(document: "", page: "")).document
    page = Self.page(routes)
  }

  var routes: [Route] { Self.routes(document: document, page: page) }

  private static func routes(document: String, page: String) -> [Route] {
    [
      Route(
        method: .get, path: "/openapi.json",
        description: .init(
          group: .operations, summary: "This interface, as OpenAPI 3.1",
          answer: [("application/json", Schema(json: #"{"type":"object"}"#))]),
        work: .other { _ in RouteAnswer(document) }),
      Route(
        method: .get, path: "/docs",
        description: .init(
          group: .operations, summary: "This interface, to read",
          answer: [("text/html", .text)]),
        work: .other { _ in RouteAnswer(type: "text/html; charset=utf-8", page) }),
      Route(
        method: .get, path: "/",
        description: .init(
          group: .operations, summary: "The page for browsers; for others, that the server lives",
          answer: [("application/json", .named("Alive")), ("text/html", .text)]),
        work: .other { call in
          call.head.headerFields[.accept]?.contains("text/html") == true
            ? RouteAnswer(type: "text/html; charset=utf-8", page)
            : RouteAnswer("{\"status\":\"alive\"}")
        }),
    ]
  }

  private static func page(_ routes: [Route]) -> String {
    let groups = RouteDescription.Group.allCases.compactMap { group -> String? in
      let routes = routes.filter { $0.description.group == group }
      guard !routes.isEmpty else { return nil }
      return "<h2>\(group.rawValue)</h2>" + routes.map(section).joined()
    }
    return """
      <!doctype html><html lang="en"><meta charset="utf-8"><title>Coppice</title>\
      <meta name="viewport" content="width=device-width,initial-scale=1"><style>\
      body{font:16px/1.5 system-ui,sans-serif;max-width:54rem;margin:2rem auto;padding:0 1rem;\
      color:#222;background:#fff}code{font:14px ui-monospace,monospace}\
      details{border-top:1px solid #ddd;padding:.4rem 0}summary{cursor:pointer}\
      b{display:inline-block;width:3.2rem;color:#275}td,th{text-align:left;padding-right:1rem;\
      vertical-align:top}@media(prefers-color-scheme:dark){body{color:#ddd;background:#151515}\
      b{color:#7c9}details{border-color:#333}}</style><h1>Coppice</h1>\
      <p>Predictions of tree models, in the protocols that clients already speak. For programs: \
      <a href="/openapi.json">/openapi.json</a>.</p>\
      <pre><code>curl http://127.0.0.1:10000/api/predict -H 'Content-Type: application/json' \
      -d '{"data": [5.9, 3.2, 4.8, 1.8]}'</code></pre>\(groups.joined())</html>
      """
  }

  private static func section(_ route: Route) -> String {
    let description = route.description
    var rows = description.parameters.map {
      "<tr><td><code>\($0.name.htmlEscaped)</code><td>\($0.place.rawValue)<td>"
        + "\($0.text.htmlEscaped)"
    }
    rows += description.request.map { "<tr><td>body<td>\($0.type)<td>\(name($0.schema))" }
    for (status, content) in description.answers where status.kind == .successful {
      let content = content.isEmpty ? [(type: "", schema: Schema.text)] : content
      rows += content.map { "<tr><td>\(status.code)<td>\($0.type)<td>\(name($0.schema))" }
      rows += route.headers(of: status, content).map {
        "<tr><td><code>\($0.name.rawName)</code><td>header<td>\($0.text.htmlEscaped)"
      }
    }
    let errors = description.answers.map(\.status).filter { $0.kind != .successful }
    if !errors.isEmpty {
      rows.append(
        "<tr><td>errors<td>\(description.errorForm.contentType)<td>"
          + errors.map { String($0.code) }.joined(separator: ", "))
    }
    return
      "<details><summary><b>\(route.method.rawValue)</b> <code>\(route.path.htmlEscaped)</code> "
      + "\(description.summary.htmlEscaped)</summary><table>\(rows.joined())</table></details>"
  }

  private static func name(_ schema: Schema) -> String {
    schema.json.split(separator: "/").last.flatMap { last in
      schema.json.contains("$ref") ? last.prefix { $0 != "\"" }.description : nil
    } ?? ""
  }
}

extension String {
  fileprivate var htmlEscaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
