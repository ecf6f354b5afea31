import Forest
import JSON
import Serving

/// The rows in the input tensors of a request, as one matrix.
///
/// Either there is one tensor `input` of shape [rows, features], or a tensor a feature, by name, of
/// shape [rows] or [rows, 1]; features that are left out are missing.
struct InferenceRows {
  /// The name of the tensor that holds all features.
  static let inputName = "input"

  let matrix: Matrix
  var warnings = RowWarnings()

  /// Checks tensors against a model.
  ///
  /// - Throws: ``PredictionError`` that names the input.
  init(_ inputs: [InputTensor], for model: Model) throws(PredictionError) {
    guard let first = inputs.first else {
      throw PredictionError(
        .invalidRequest, "there are no inputs; \(Self.expectation(model))", field: "inputs")
    }
    if first.name == Self.inputName, inputs.count == 1, !Self.isFeature(first, model) {
      matrix = try Self.whole(first, model)
    } else {
      matrix = try Self.columns(inputs, model, &warnings)
    }
    warnings.check(matrix, model.features)
  }

  private static func isFeature(_ input: InputTensor, _ model: Model) -> Bool {
    model.featurePositions[input.name] != nil && input.shape.count < 2
  }

  private static func whole(_ input: InputTensor, _ model: Model) throws(PredictionError) -> Matrix
  {
    guard input.shape.count == 2, input.shape[0] >= 1 else {
      throw input.error(
        "the shape must be [rows, \(model.features.count)] with at least one row, "
          + "not \(input.shape)")
    }
    try model.check(columnCount: input.shape[1], field: "inputs")
    return Matrix(
      rowCount: input.shape[0], columnCount: input.shape[1], values: try input.numbers())
  }

  private static func columns(
    _ inputs: [InputTensor], _ model: Model, _ warnings: inout RowWarnings
  ) throws(PredictionError) -> Matrix {
    let width = model.features.count
    var rowCount = 0
    var values: [Float] = []
    var seen = Set<Int>()
    for (index, input) in inputs.enumerated() {
      guard let position = model.featurePositions[input.name] else {
        throw PredictionError(
          .invalidRequest,
          "unknown input \(input.name.prefix(80).description.jsonQuoted); \(expectation(model))",
          field: "inputs")
      }
      guard seen.insert(position).inserted else { throw input.error("it is given twice") }
      guard input.shape.count == 1 || input.shape.count == 2 && input.shape[1] == 1,
        input.shape[0] >= 1
      else {
        throw input.error(
          "the shape must be [rows] or [rows, 1] with at least one row, not \(input.shape)")
      }
      let column = try column(input, model.features[position], &warnings)
      if index == 0 {
        rowCount = column.count
        let (count, overflow) = rowCount.multipliedReportingOverflow(by: width)
        guard !overflow, count <= maximumValueCount else {
          throw PredictionError(.tooLarge, "these are too many rows at once", field: "inputs")
        }
        values = [Float](repeating: .nan, count: count)
      }
      guard column.count == rowCount else {
        throw input.error("it has \(column.count) rows, but the input before it has \(rowCount)")
      }
      for (row, value) in column.enumerated() { values[row * width + position] = value }
    }
    return Matrix(rowCount: rowCount, columnCount: width, values: values)
  }

  /// One given column of a model with many features must not become gigabytes.
  private static let maximumValueCount = 1 << 28

  private static func column(
    _ input: InputTensor, _ feature: Feature, _ warnings: inout RowWarnings
  ) throws(PredictionError) -> [Float] {
    guard input.datatype == .bytes else { return try input.numbers() }
    let texts = try input.texts()
    guard let codes = CategoryCodes(feature) else {
      throw input.error("this feature takes numbers, not texts (BYTES)")
    }
    return texts.enumerated().map { row, text in
      guard let text else { return .nan }
      if let code = codes[text] { return code }
      if !text.isEmpty {
        warnings.add(row: row, feature.unknownCategory(text))
      }
      return .nan
    }
  }

  private static func expectation(_ model: Model) -> String {
    let names = model.features.prefix(20).map(\.name).joined(separator: ", ")
    return "\(model.id.name) takes one input of shape [rows, \(model.features.count)], or inputs "
      + "by feature: \(names)\(model.features.count > 20 ? ", …" : "")"
  }
}

extension Feature {
  /// The warning about a category that training did not see.
  func unknownCategory(_ text: String) -> String {
    "\(name): \(text.prefix(40).description.jsonQuoted) is no known category; taken as missing"
  }
}
