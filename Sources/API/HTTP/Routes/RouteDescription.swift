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
    case operations = "Operations"
    case jobs = "Jobs"
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
  /// The body of the answer with status 200; empty where it has none.
  var answer: Content = []
  /// The statuses of its errors.
  var errors: [HTTPResponse.Status] = []
  /// The form of its errors.
  var errorForm = ErrorForm.problem
}

/// A JSON schema, as JSON text.
struct Schema: Sendable {
  let json: String

  static let text = Schema(json: #"{"type":"string"}"#)

  /// One of the schemas that have names.
  static func named(_ name: String) -> Schema {
    Schema(json: ##"{"$ref":"#/components/schemas/\##(name)"}"##)
  }
}
