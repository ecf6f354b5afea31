import HTTPTypes

/// Triton's extensions that clients may ask for and that are not served: they are told so.
extension V2Routes {
  var notServed: [Route] {
    let memory = ["systemsharedmemory", "cudasharedmemory"].flatMap { kind -> [Route] in
      let text = "this server shares no memory with clients; send tensors in the request"
      return [
        notServed(.get, "/v2/\(kind)/status", "Shared memory", text),
        notServed(.get, "/v2/\(kind)/region/{region}/status", "Shared memory", text),
        notServed(.post, "/v2/\(kind)/region/{region}/register", "Shared memory", text),
        notServed(.post, "/v2/\(kind)/region/{region}/unregister", "Shared memory", text),
        notServed(.post, "/v2/\(kind)/unregister", "Shared memory", text),
      ]
    }
    let settings = [HTTPRequest.Method.get, .post].flatMap { method -> [Route] in
      let trace = "this server records no traces; its log has a line a request, with its duration"
      return [
        notServed(
          method, "/v2/logging", "Log settings",
          "the log is set up when the server starts (--log-level, --log-format), not by calls"),
        notServed(method, "/v2/trace/setting", "Trace settings", trace),
        notServed(method, "/v2/models/{model}/trace/setting", "Trace settings of a model", trace),
      ]
    }
    return settings + memory
  }

  private func notServed(
    _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ text: String
  ) -> Route {
    let region = RouteDescription.Parameter("region", in: .path, "a region's name")
    return route(
      method, path, "\(summary): not served",
      parameters: [.model, region].filter { path.contains("{\($0.name)}") }, answer: [],
      errors: [.notImplemented],
      .other { _ in
        throw Problem(status: .notImplemented, code: "unsupported", detail: text)
      })
  }
}
