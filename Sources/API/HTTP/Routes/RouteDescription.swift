import HTTPTypes

/// What people and programs are told of a route.
struct RouteDescription: Sendable {
  /// The protocol that it belongs to.
  enum Group: String, Sendable, CaseIterable {
    case predict = "Coppice"
    case v2 = "Open Inference Protocol V2"
    case v1 = "KServe V1"
    case invocations = "MLflow and SageMaker"
    case vertex = "Vertex AI"
    case jobs = "Jobs"
    case admin = "Administration"
    case operations = "Operations"
  }

  /// Where a parameter stands.
  enum Place: String, Sendable {
    case path
    case query
    case header
  }

  struct Parameter: Sendable {
    let name: String
    let place: Place
    let schema: Schema
    let text: String
    var isRequired: Bool { place == .path }

    init(_ name: String, in place: Place, _ text: String, _ schema: Schema = .text) {
      self.name = name
      self.place = place
      self.schema = schema
      self.text = text
    }
  }

  /// A body: its schema by content type.
  typealias Content = [(type: String, schema: Schema)]

  let group: Group
  /// One line.
  let summary: String
  var parameters: [Parameter] = []
  /// The body of the request; empty where there is none.
  var request: Content = []
  var isBodyRequired = true
  /// The body of the answer with status 200; empty where there is no such answer.
  var answer: Content = []
  /// The bodies of answers with another status of success; empty where they have none.
  var otherAnswers: [(status: HTTPResponse.Status, content: Content)] = []
  /// The statuses of its errors, beside those of every route that takes a body.
  var errors: [HTTPResponse.Status] = []
  /// The form of its errors.
  var errorForm = ErrorForm.problem

  /// The statuses of all its answers and their bodies, in order.
  var answers: [(status: HTTPResponse.Status, content: Content)] {
    let ofBodies: [HTTPResponse.Status] =
      request.isEmpty ? [] : [.badRequest, .contentTooLarge, .unsupportedMediaType]
    let errors = Set(errors + ofBodies).map { status in
      (status: status, content: [(type: errorForm.contentType, schema: errorForm.schema)])
    }
    return ((answer.isEmpty ? [] : [(.ok, answer)]) + otherAnswers + errors)
      .sorted { $0.status.code < $1.status.code }
  }
}

/// A JSON schema, as JSON text.
struct Schema: Sendable {
  let json: String

  static let text = Schema(json: #"{"type":"string"}"#)
  static let count = Schema(json: #"{"type":"integer","minimum":0}"#)
  static let flag = Schema(json: #"{"type":"boolean"}"#)

  /// One of the schemas that have names.
  static func named(_ name: String) -> Schema {
    Schema(json: ##"{"$ref":"#/components/schemas/\##(name)"}"##)
  }

  /// Any of those.
  static func any(_ names: String...) -> Schema {
    Schema(json: "{\"anyOf\":[\(names.map { named($0).json }.joined(separator: ","))]}")
  }
}
