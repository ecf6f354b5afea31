import Forest
import Serving

/// An output that a request asks for, and the form in which it does.
struct WantedOutput: Sendable {
  /// The output.
  let output: Output
  /// Whether the request asks for binary form; nil when it does not say.
  var wantsBinary: Bool?
  /// So many of the largest values, as texts `value:index:name`.
  var largest: Int?

  init(output: Output, wantsBinary: Bool? = nil) {
    self.output = output
    self.wantsBinary = wantsBinary
  }

  /// Checks what is asked for.
  ///
  /// - Parameter isBinary: what the request says for all outputs.
  /// - Throws: ``PredictionError`` when the model has no such output, or not in that form.
  init(
    _ requested: RequestedOutput, of model: Model, isBinary: Bool?
  ) throws(PredictionError) {
    guard let output = Output(rawValue: requested.name), model.outputs.contains(output) else {
      throw PredictionError(
        .invalidRequest,
        "model \(model.id.name) has no output \"\(requested.name.prefix(80))\"; it has "
          + model.outputs.map(\.rawValue).joined(separator: ", "), field: "outputs")
    }
    self.output = output
    wantsBinary = requested.parameters["binary_data"]?.boolValue ?? isBinary
    let key = output == .contributions ? "top_k" : "classification"
    for name in ["classification", "top_k"] {
      guard let parameter = requested.parameters[name] else { continue }
      guard name == key, output != .label else {
        throw PredictionError(
          .invalidRequest, "output \(output.rawValue) takes no \(name)",
          field: "outputs.parameters.\(name)")
      }
      guard let count = parameter.integerValue, count >= 0, count <= 1 << 20 else {
        throw PredictionError(
          .invalidRequest, "\(name) takes a whole number from 0 on",
          field: "outputs.parameters.\(name)")
      }
      if count > 0 { largest = Int(count) }
    }
  }

  /// The tensor with the values that were predicted.
  ///
  /// - Throws: ``PredictionError`` when they are not as many as the model has: they may come from a
  ///   worker that has another model under the same name.
  func tensor(_ values: Matrix, _ model: Model) throws(PredictionError) -> OutputTensor {
    let shape = [values.rowCount] + model.shape(of: output)
    guard values.columnCount == shape.dropFirst().reduce(1, *) else {
      throw PredictionError(
        .internal, "the predictor gave \(values.columnCount) values of \(output.rawValue)")
    }
    if let largest { return tensor(values, largest: largest, shape, model) }
    return OutputTensor(
      name: output.rawValue, datatype: output.datatype(of: model), shape: shape,
      content: content(values, model), wantsBinary: wantsBinary)
  }

  private func content(_ values: Matrix, _ model: Model) -> OutputTensor.Content {
    guard output == .label else { return .numbers(values.values) }
    let labels = model.labels ?? []
    return .texts(
      values.values.map { value in
        Int(exactly: value).flatMap { labels.indices.contains($0) ? labels[$0] : nil } ?? ""
      })
  }

  /// Triton's classification extension; for contributions the reasons, by the names of features.
  private func tensor(
    _ values: Matrix, largest: Int, _ shape: [Int], _ model: Model
  ) -> OutputTensor {
    let isReason = output == .contributions
    let width = shape.count > 1 ? shape[shape.count - 1] : 1
    // The expected margin, which stands last, is no reason.
    let candidates = isReason ? width - 1 : width
    let names =
      isReason ? model.features.map(\.name) : model.labels?.count == width ? model.labels : nil
    let count = min(largest, candidates)
    var texts: [String] = []
    texts.reserveCapacity(width == 0 ? 0 : values.values.count / width * count)
    for start in stride(from: 0, to: values.values.count, by: width) {
      let group = values.values[start..<start + candidates]
      for (index, value) in group.largest(count, byMagnitude: isReason) {
        texts.append("\(value):\(index)" + (names.map { ":\($0[index])" } ?? ""))
      }
    }
    return OutputTensor(
      name: output.rawValue, datatype: .bytes,
      shape: (shape.count > 1 ? shape.dropLast() : shape[...]) + [count], content: .texts(texts),
      wantsBinary: wantsBinary)
  }
}

extension ArraySlice<Float> {
  /// The largest values and where they stand, counted from 0; of equal ones the first comes first.
  func largest(_ count: Int, byMagnitude: Bool) -> [(index: Int, value: Float)] {
    let sorted = enumerated().sorted { left, right in
      let (first, second) =
        byMagnitude
        ? (left.element.magnitude, right.element.magnitude) : (left.element, right.element)
      return first == second ? left.offset < right.offset : first > second
    }
    return sorted.prefix(count).map { ($0.offset, $0.element) }
  }
}

extension Output {
  /// The type of its elements.
  func datatype(of model: Model) -> Datatype {
    switch self {
    case .predict where model.predictsWholeNumbers: .int64
    case .classNumber: .int64
    case .label: .bytes
    case .leaves: .int32
    case .predict, .probabilities, .margin, .contributions: .float32
    }
  }
}
