import NIOCore

/// A request as a protocol has decoded it, before it is checked against a model.
struct InferenceRequest: Sendable {
  /// The model's name; nil for the only model.
  var model: String?
  /// The model's version; nil for the one that answers.
  var version: String?
  /// The client's own id for the request.
  var id: String?
  /// Whatever else the client says; what is not known is ignored.
  var parameters: [String: InferenceParameter] = [:]
  /// The rows.
  var inputs: [InputTensor]
  /// The outputs to answer with; nil for the model's default ones.
  var outputs: [RequestedOutput]?
}

/// A tensor of a request.
struct InputTensor: Sendable {
  /// The elements.
  enum Content: Sendable {
    /// Numbers, already rounded to float32; NaN where one is missing.
    case numbers([Float])
    /// Texts; nil where one is missing.
    case texts([String?])
    /// Little-endian bytes of the data type; each text after its length (UInt32).
    case raw(ByteBuffer)
  }

  var name: String
  var datatype: Datatype
  /// The size of each dimension; rows are the first.
  var shape: [Int]
  /// Row-major.
  var content: Content
}

/// An output that a request asks for.
struct RequestedOutput: Sendable {
  var name: String
  var parameters: [String: InferenceParameter] = [:]
}

/// The value of a parameter.
enum InferenceParameter: Sendable, Equatable {
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)

  /// The whole number in it, if there is one.
  var integerValue: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    case .bool, .text: nil
    }
  }

  var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

  var textValue: String? { if case .text(let value) = self { value } else { nil } }
}
