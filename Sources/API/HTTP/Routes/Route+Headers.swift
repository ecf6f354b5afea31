import HTTPTypes

extension Route {
  /// A header field of an answer.
  struct Header: Sendable {
    let name: HTTPField.Name
    let text: String
    var schema = Schema.text
    /// Whether every answer with this status has it.
    var isRequired = false
  }

  /// The header fields of the answers with a status, beside those that every message of HTTP has.
  func headers(of status: HTTPResponse.Status, _ content: RouteDescription.Content) -> [Header] {
    var headers = [Header.requestID]
    switch status {
    case .unauthorized: headers.append(.authenticate)
    case .unsupportedMediaType: headers.append(.acceptEncoding)
    case .tooManyRequests, .serviceUnavailable: headers.append(.retryAfter)
    case .conflict where description.group == .jobs: headers.append(.retryAfter)
    default: break
    }
    guard status.kind == .successful else { return headers }
    let schemas = Set(content.map(\.schema.json))
    if schemas.contains(Schema.named("JobStatus").json) {
      if status == .accepted { headers.append(.location) }
      headers.append(.cacheControl)
    }
    if schemas.contains(Schema.named("JobEvent").json) { headers.append(.cacheControl) }
    if schemas.contains(Schema.named("ModelStatus").json) { headers.append(.revision) }
    if description.parameters.contains(where: { $0.name == HTTPField.Name.prefer.rawName }) {
      headers.append(.preference)
    }
    if case .prediction = work {
      let types = Set(content.map(\.type))
      if types.contains("application/octet-stream") { headers.append(.jsonLength) }
      if types.contains("text/csv") { headers += [.warningCount, .warnings] }
    }
    if case .stream = work { return headers }
    return headers + [.contentEncoding, .vary]
  }
}

extension Route.Header {
  fileprivate static let requestID = Self(
    name: .requestID, text: "the request's id, in the log too", isRequired: true)
  fileprivate static let authenticate = Self(
    name: .wwwAuthenticate, text: "the scheme of the credentials", isRequired: true)
  fileprivate static let acceptEncoding = Self(
    name: .acceptEncoding, text: "the compressions of bodies that are taken")
  fileprivate static let retryAfter = Self(
    name: .retryAfter, text: "after how many seconds to try again", schema: .count)
  fileprivate static let location = Self(
    name: .location, text: "where the job's status is", isRequired: true)
  fileprivate static let cacheControl = Self(
    name: .cacheControl, text: "`no-store`: it may change")
  fileprivate static let revision = Self(
    name: .eTag, text: "the model's revision, for `If-Match`", isRequired: true)
  fileprivate static let preference = Self(
    name: .preferenceApplied, text: "what was done of `Prefer`")
  fileprivate static let jsonLength = Self(
    name: V2Request.jsonLengthField, text: "the bytes of the JSON, where binary tensors follow it",
    schema: .count)
  fileprivate static let warningCount = Self(
    name: .warningCount, text: "how many warnings the rows of a CSV answer have", schema: .count)
  fileprivate static let warnings = Self(
    name: .warnings, text: "the first of them, as a JSON list of texts")
  fileprivate static let contentEncoding = Self(
    name: .contentEncoding, text: "`gzip` or `deflate`, if the client accepts it",
    schema: Schema(json: #"{"enum":["gzip","deflate"]}"#))
  fileprivate static let vary = Self(name: .vary, text: "`Accept-Encoding`, if it is compressed")
}
