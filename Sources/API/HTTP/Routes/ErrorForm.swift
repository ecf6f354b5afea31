import HTTPTypes
import Hummingbird
import JSON
import NIOCore

/// How a protocol tells of a failure.
enum ErrorForm: Sendable {
  /// `application/problem+json` (RFC 9457).
  case problem
  /// `{"error": text}`: the Open Inference Protocol, KServe V1 and Vertex AI.
  case message
  /// `{"error_code": code, "message": text}`: MLflow.
  case code

  /// The form for a path, known to a route or not.
  init(path: Substring) {
    self =
      if path == "/v2" || path.hasPrefix("/v2/") || path.hasPrefix("/v1/") {
        .message
      } else if path == "/invocations" {
        .code
      } else {
        .problem
      }
  }

  var contentType: String { self == .problem ? "application/problem+json" : "application/json" }

  /// The schema of its bodies.
  var schema: Schema {
    switch self {
    case .problem: .named("Problem")
    case .message: .named("ErrorMessage")
    case .code: .named("ErrorCode")
    }
  }

  /// The body that tells of a failure.
  func body(_ problem: Problem, requestID: String) -> ByteBuffer {
    switch self {
    case .problem: problem.body(requestID: requestID)
    case .message: ByteBuffer(string: "{\"error\":\(problem.detail.jsonQuoted)}")
    case .code:
      ByteBuffer(
        string: "{\"error_code\":\(problem.code.uppercased().jsonQuoted),"
          + "\"message\":\(problem.detail.jsonQuoted)}")
    }
  }

  /// The header fields of the answer.
  func headers(_ problem: Problem) -> HTTPFields {
    var headers = problem.headers
    headers[.contentType] = contentType
    return headers
  }
}

extension HTTPRequest {
  /// The form in which a failure of this request is told.
  var errorForm: ErrorForm { ErrorForm(path: path?.prefix { $0 != "?" } ?? "") }
}
