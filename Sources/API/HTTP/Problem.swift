import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import Jobs
import Serving

/// A failed request, told as `application/problem+json` (RFC 9457).
struct Problem: Error, Sendable {
  /// The status of the answer, always 4xx or 5xx.
  let status: HTTPResponse.Status
  /// A name for programs, which does not change.
  let code: String
  /// What is wrong, where, and what to do, for people.
  let detail: String
  /// The part of the request that is at fault.
  var field: String?
  /// Header fields that belong to the status, such as `Allow` and `Retry-After`.
  var headers = HTTPFields()

  /// The body of the answer.
  func body(requestID: String) -> ByteBuffer {
    var members = [
      "\"type\":\"about:blank\"", "\"title\":\(status.reasonPhrase.jsonQuoted)",
      "\"status\":\(status.code)", "\"code\":\(code.jsonQuoted)", "\"detail\":\(detail.jsonQuoted)",
    ]
    if let field { members.append("\"field\":\(field.jsonQuoted)") }
    members.append("\"request_id\":\(requestID.jsonQuoted)")
    return ByteBuffer(string: "{" + members.joined(separator: ",") + "}")
  }
}

extension Problem {
  /// A request that cannot be understood.
  static func badRequest(_ code: String, _ detail: String, field: String? = nil) -> Problem {
    Problem(status: .badRequest, code: code, detail: detail, field: field)
  }

  /// A body that is larger than it may be.
  static func tooLarge(limit: Int) -> Problem {
    Problem(
      status: .contentTooLarge, code: "body_too_large",
      detail: "the body is over the limit of \(limit) bytes; send fewer rows at a time")
  }

  /// The problem behind any error that a route throws.
  init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as PredictionError: self.init(prediction: error)
    case let error as JobError: self.init(job: error)
    case let error as RepositoryError: self.init(repository: error)
    case let error as JSONError:
      self = .badRequest("invalid_json", "the body is not the JSON that is expected: \(error)")
    case let error as HTTPError where error.status == .notFound:
      self.init(
        status: .notFound, code: "not_found",
        detail: "there is nothing at this path; what there is is told at /docs")
    case let error as any HTTPResponseError:
      self.init(status: error.status, code: "refused", detail: "the request was refused")
    default:
      self.init(
        status: .internalServerError, code: "internal",
        detail: "the server failed; its log has the reason under the request's id")
    }
  }

  private init(prediction error: PredictionError) {
    let status: HTTPResponse.Status =
      switch error.code {
      case .invalidRequest: .badRequest
      case .unknownModel, .unknownVersion: .notFound
      case .tooLarge: .contentTooLarge
      case .overloaded: .tooManyRequests
      case .unavailable: .serviceUnavailable
      case .deadlineExceeded: .gatewayTimeout
      // Nobody reads the answer; the number is for the log (nginx's own).
      case .cancelled: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
      case .unsupported: .notImplemented
      case .internal: .internalServerError
      }
    self.init(
      status: status, code: error.code.rawValue, detail: error.message, field: error.field)
    if let delay = error.retryAfter { retry(after: delay) }
  }

  /// Says when to come again, in whole seconds.
  mutating func retry(after delay: Duration) {
    let (seconds, attoseconds) = delay.components
    headers[.retryAfter] = String(max(1, seconds + (attoseconds > 0 ? 1 : 0)))
  }
}
