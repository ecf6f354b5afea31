import HTTPTypes
import JSON
import NIOCore
import Serving

/// The body of an inference request over REST: JSON, and after it the bytes of binary tensors.
///
/// The format is that of the Open Inference Protocol with Triton's extension of binary tensors.
struct V2Request {
  /// The length of the JSON where binary tensors follow it.
  static let jsonLengthField = HTTPField.Name("Inference-Header-Content-Length")!

  private(set) var request = InferenceRequest(inputs: [])
  /// Whether the body is the bytes of a tensor and nothing else, so that the answer is binary.
  private(set) var isRaw = false
  /// The bytes of each input that follows the JSON; nil for those within it.
  private var binarySizes: [Int?] = []

  /// Decodes a body.
  ///
  /// - Throws: ``Problem``, `JSONError` or `PredictionError`.
  init(_ body: ByteBuffer, _ head: HTTPRequest, model: @autoclosure () throws -> Model) throws {
    let jsonLength = try Self.jsonLength(head, bodySize: body.readableBytes)
    if jsonLength == 0, head.headerFields.contains(Self.jsonLengthField) {
      request = try Self.raw(body, for: model())
      isRaw = true
      return
    }
    try body.withUnsafeReadableBytes { bytes in
      // Safe: the scanner stays within this closure, and the length is within the bytes.
      let json = UnsafeRawBufferPointer(rebasing: bytes[..<jsonLength])
      let text = json.bindMemory(to: UInt8.self)
      try JSONScanner.read(text) { try read(&$0, of: text) }
    }
    try attach(
      body.getSlice(
        at: body.readerIndex + jsonLength, length: body.readableBytes - jsonLength))
  }

  private static func jsonLength(_ head: HTTPRequest, bodySize: Int) throws -> Int {
    guard let text = head.headerFields[jsonLengthField] else { return bodySize }
    guard let length = Int(text), 0...bodySize ~= length else {
      throw Problem.badRequest(
        "invalid_header",
        "Inference-Header-Content-Length must be a number of bytes within the body's \(bodySize)",
        field: "Inference-Header-Content-Length")
    }
    return length
  }

  /// A body that is one tensor's bytes: as many rows of float32 as there are.
  private static func raw(_ body: ByteBuffer, for model: Model) throws -> InferenceRequest {
    let rowBytes = 4 * max(1, model.features.count)
    guard body.readableBytes > 0, body.readableBytes % rowBytes == 0 else {
      throw Problem.badRequest(
        "invalid_request",
        "the body must be rows of \(model.features.count) float32 values (\(rowBytes) bytes each), "
          + "but it has \(body.readableBytes) bytes")
    }
    return InferenceRequest(
      parameters: ["binary_data_output": .bool(true)],
      inputs: [
        InputTensor(
          name: InferenceRows.inputName, datatype: .float32,
          shape: [body.readableBytes / rowBytes, model.features.count], content: .raw(body))
      ])
  }

  private mutating func read(
    _ json: inout JSONScanner, of text: UnsafeBufferPointer<UInt8>
  ) throws {
    guard try json.kind() == .object else {
      throw Problem.badRequest("invalid_body", "the body must be an object with inputs")
    }
    var hasInputs = false
    try json.object { key, json in
      switch key {
      case "id":
        if try !json.null() { request.id = try json.string() }
      case "parameters": request.parameters = try json.parameters()
      case "inputs":
        hasInputs = true
        try json.array { _, json in try readInput(&json, of: text) }
      case "outputs":
        if try json.null() { break }
        var outputs: [RequestedOutput] = []
        try json.array { _, json in outputs.append(try Self.output(&json)) }
        request.outputs = outputs
      default: try json.skip()
      }
    }
    guard hasInputs else {
      throw Problem.badRequest("missing_field", "the field inputs is missing", field: "inputs")
    }
  }

  private mutating func readInput(
    _ json: inout JSONScanner, of text: UnsafeBufferPointer<UInt8>
  ) throws {
    var (name, datatype, shape): (String?, Datatype?, [Int]?) = (nil, nil, nil)
    var parameters: [String: InferenceParameter] = [:]
    var content: InputTensor.Content?
    // Data that stands before its type is read when the type is known.
    var early: Range<Int>?
    let field = "inputs[\(request.inputs.count)]"
    try json.object { key, json in
      switch key {
      case "name": name = try json.string()
      case "datatype":
        let text = try json.string()
        guard let type = Datatype(rawValue: text) else {
          throw Problem.badRequest(
            "invalid_request",
            "there is no datatype \(text.prefix(40).description.jsonQuoted); there are "
              + Datatype.allCases.map(\.rawValue).joined(separator: ", "),
            field: "\(field).datatype")
        }
        datatype = type
      case "shape":
        var sizes: [Int] = []
        try json.array { _, json in
          guard sizes.count < 8 else { throw json.error("a shape has at most 8 dimensions") }
          sizes.append(try json.integer())
        }
        shape = sizes
      case "parameters": parameters = try json.parameters()
      case "data":
        if let datatype {
          content = try json.tensor(datatype, capacity: shape?.reduce(1, &*) ?? 0)
        } else {
          let start = json.offset
          try json.skip()
          early = start..<json.offset
        }
      default: try json.skip()
      }
    }
    func required<Value>(_ value: Value?, _ part: String) throws -> Value {
      guard let value else {
        throw Problem.badRequest(
          "missing_field", "\(field) has no \(part)", field: "\(field).\(part)")
      }
      return value
    }
    let type = try required(datatype, "datatype")
    let size = try parameters["binary_data_size"].map { parameter in
      guard let size = parameter.integerValue, size >= 0, size <= Int64(Int32.max) else {
        throw Problem.badRequest(
          "invalid_request", "binary_data_size must be a number of bytes",
          field: "\(field).parameters")
      }
      return Int(size)
    }
    if let early {
      content = try JSONScanner.read(UnsafeBufferPointer(rebasing: text[early])) {
        try $0.tensor(type, capacity: 0)
      }
    }
    if size != nil, content != nil {
      throw Problem.badRequest(
        "invalid_request", "\(field) has both data and binary_data_size", field: field)
    }
    let input = InputTensor(
      name: try required(name, "name"), datatype: type, shape: try required(shape, "shape"),
      content: size == nil ? try required(content, "data") : .numbers([]))
    try input.checkNumbers()
    request.inputs.append(input)
    binarySizes.append(size)
  }

  private static func output(_ json: inout JSONScanner) throws -> RequestedOutput {
    var name: String?
    var parameters: [String: InferenceParameter] = [:]
    try json.object { key, json in
      switch key {
      case "name": name = try json.string()
      case "parameters": parameters = try json.parameters()
      default: try json.skip()
      }
    }
    guard let name else {
      throw Problem.badRequest("missing_field", "an output has no name", field: "outputs")
    }
    return RequestedOutput(name: name, parameters: parameters)
  }

  /// Gives each binary input its part of what follows the JSON.
  private mutating func attach(_ rest: ByteBuffer?) throws {
    var rest = rest ?? ByteBuffer()
    for (index, size) in binarySizes.enumerated() {
      guard let size else { continue }
      guard let bytes = rest.readSlice(length: size) else {
        throw Problem.badRequest(
          "invalid_request",
          "inputs[\(index)] has binary_data_size \(size), but \(rest.readableBytes) bytes are left",
          field: "inputs[\(index)].parameters.binary_data_size")
      }
      request.inputs[index].content = .raw(bytes)
    }
    guard rest.readableBytes == 0 else {
      throw Problem.badRequest(
        "invalid_request", "\(rest.readableBytes) bytes follow the last binary input")
    }
  }
}

extension InputTensor {
  /// Checks that numbers are of the data type.
  fileprivate func checkNumbers() throws {
    guard let integers = datatype.integers, case .numbers(let values) = content else { return }
    let range = Float(integers.lowerBound)...Float(integers.upperBound)
    let index = values.firstIndex { !range.contains($0) || $0 != $0.rounded(.towardZero) }
    if let index { throw error("element \(index) is no \(datatype.rawValue)") }
  }
}

extension JSONScanner {
  /// Reads the elements of a tensor.
  ///
  /// - Parameter capacity: a guess of their number.
  fileprivate mutating func tensor(
    _ type: Datatype, capacity: Int
  ) throws -> InputTensor.Content {
    if type == .bytes {
      var texts: [String?] = []
      try nestedStrings(into: &texts)
      return .texts(texts)
    }
    var numbers: [Float] = []
    numbers.reserveCapacity(max(0, min(capacity, 1 << 16)))
    try nestedFloats(into: &numbers, allowsBools: type == .bool)
    return .numbers(numbers)
  }

  /// Reads an object of parameters; what is neither text nor number nor bool is passed over.
  fileprivate mutating func parameters() throws -> [String: InferenceParameter] {
    var parameters: [String: InferenceParameter] = [:]
    if try null() { return [:] }
    try object { key, json in
      switch try json.kind() {
      case .bool: parameters[key] = .bool(try json.bool())
      case .string: parameters[key] = .text(try json.string())
      case .number:
        let number = try json.number()
        parameters[key] = Int64(exactly: number).map { .integer($0) } ?? .number(number)
      case .object, .array, .null: try json.skip()
      }
    }
    return parameters
  }
}
