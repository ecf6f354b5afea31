import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import Serving

/// `Prefer: respond-async` on ordinary routes (RFC 7240, 4.1).
extension JobRoutes {
  /// Accepts the request as a job. With `wait=` it waits that long first, and answers as usual if
  /// the job is done by then.
  ///
  /// - Parameter model: the model that the path of an inference names.
  func respond(
    _ request: Request, model: (name: String, version: String?)? = nil
  ) async throws -> Response {
    let wait = try request.head.preferredWait
    let response = try await accept(request, model: model)
    guard let wait, wait > 0, let location = response.headers[.location],
      let id = location.split(separator: "/").last.flatMap({ JobID(String($0)) }),
      let record = await queue.end(of: id, by: .after(.seconds(wait))), record.state.isFinal
    else { return response.applied("respond-async") }
    if record.state == .done { return try await result(of: id).applied("wait=\(wait)") }
    throw Problem(noResult: record)
  }
}

extension Route {
  /// The same route, which makes the request a job where the caller would rather not wait.
  func deferred(to jobs: JobRoutes?) -> Route {
    guard let jobs else { return self }
    var route = self
    route.deferred = { request, parameters in
      try await jobs.respond(
        request, model: parameters["model"].map { ($0, parameters["version"]) })
    }
    route.description.otherAnswers = [(.accepted, [("application/json", .named("JobStatus"))])]
    route.description.errors += JobRoutes.acceptErrors
    return route
  }
}

extension Response {
  fileprivate func applied(_ preference: String) -> Response {
    var response = self
    response.headers[.preferenceApplied] = preference
    return response
  }
}

extension HTTPRequest {
  /// Whether the caller would rather have a job than wait.
  var prefersAsync: Bool {
    guard headerFields.contains(.prefer) else { return false }
    return headerFields[values: .prefer].contains { value in
      value.split(separator: ",").contains { preference in
        preference.prefix { $0 != ";" && $0 != "=" }.filter { $0 != " " }.lowercased()
          == "respond-async"
      }
    }
  }
}
