import HTTPTypes
import Hummingbird
import HummingbirdCore
import Jobs
import NIOCore
import Serving

/// `Prefer: respond-async` on the ordinary route (RFC 7240, 4.1).
extension JobRoutes {
  /// Accepts the request as a job. With `wait=` it waits that long first, and answers as usual if
  /// the job is done by then.
  func respond(_ request: Request) async throws -> Response {
    let wait = try request.head.preferredWait
    let response = try await accept(request)
    guard let wait, wait > 0, let location = response.headers[.location],
      let id = location.split(separator: "/").last.flatMap({ JobID(String($0)) }),
      let record = await queue.end(of: id, by: .after(.seconds(wait))), record.state.isFinal
    else { return response.applied("respond-async") }
    if record.state == .done { return try await result(of: id).applied("wait=\(wait)") }
    throw Problem(noResult: record)
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
