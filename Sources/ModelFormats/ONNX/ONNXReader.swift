import Forest

/// Reads ONNX models: pipelines of ONNX-ML operators around ensembles of trees.
///
/// This is no engine for graphs. Values are followed by what they stand for (``ONNXValue``): columns
/// of the input, each made of one of its columns, until an ensemble reads them; then the answers of
/// the ensemble. So a graph becomes a ``Preprocessing``, an ``Ensemble`` and a link, or is refused by
/// the name of the operator that does not fit.
struct ONNXReader {
  var values: [String: ONNXValue] = [:]
  var features: [Feature] = []
  /// The code of each text, by column of the input.
  var codes: [Int: [String: Int]] = [:]
  /// The nodes, or weights, of all ensembles that were read.
  var nodeCount = 0
  /// How many columns and steps may still be made.
  private var budget = Preprocessing.maximumSize

  static func read(_ bytes: [UInt8]) throws -> TreeModel {
    let document: ONNXDocument
    do {
      document = try ONNXDocument(bytes)
    } catch {
      let error = ModelFormatError(wrapping: error)
      throw error.path == nil ? error.inside("graph") : error
    }
    var reader = ONNXReader()
    try reader.addInputs(document)
    for (name, constant) in document.constants { reader.values[name] = .constant(constant) }
    for operation in document.operations {
      do {
        try reader.read(operation)
      } catch {
        let error = ModelFormatError(wrapping: error)
        throw error.path?.hasPrefix("node[") == true ? error : error.inside(operation.place)
      }
    }
    return try reader.treeModel(document)
  }

  /// Makes columns of the inputs, in their order.
  private mutating func addInputs(_ document: ONNXDocument) throws {
    var ports: [(ONNXDocument.Port, width: Int, ONNXColumns.Kind)] = []
    for port in document.inputs {
      let kind: ONNXColumns.Kind
      switch port.type {
      case 1: kind = .float
      case 11: kind = .double
      case 2, 3, 5, 6, 7, 9: kind = .integer
      case 8: kind = .text
      default:
        throw ModelFormatError(
          .unsupported, "the type of the input \(port.name.quoted) is not read"
        ).inside("graph.input")
      }
      let width: Int
      switch port.dimensions.count {
      case 1: width = port.dimensions[0] ?? 1
      case 2: width = try port.dimensions[1] ?? document.width(of: port.name)
      default: width = try document.width(of: port.name)
      }
      guard 1...ModelFormat.maximumFeatureCount ~= width,
        ports.reduce(0, { $0 + $1.width }) + width <= ModelFormat.maximumFeatureCount
      else {
        throw ModelFormatError(.tooLarge, "the input \(port.name.quoted) has \(width) columns")
          .inside("graph.input")
      }
      ports.append((port, width, kind))
    }
    for (port, width, kind) in ports {
      let columns = (features.count..<features.count + width).map { Preprocessing.Column($0) }
      for index in 0..<width {
        let name =
          width == 1 ? port.name : ports.count == 1 ? "f\(index)" : "\(port.name)_\(index)"
        features.append(
          Feature(name: name, type: kind == .text ? .categorical : kind == .integer ? .int : .float)
        )
      }
      values[port.name] = .columns(ONNXColumns(columns: columns, kind: kind))
    }
    guard Set(features.map(\.name)).count == features.count else {
      throw ModelFormatError(.malformed, "two inputs have the same name").inside("graph.input")
    }
  }

  /// What the outputs of the graph say.
  private func treeModel(_ document: ONNXDocument) throws -> TreeModel {
    var label: ONNXScores?
    var scores: ONNXScores?
    for port in document.outputs {
      switch values[port.name] {
      case .label(let value): label = label ?? value
      case .scores(let value) where !value.isComplement: scores = scores ?? value
      case .columns, .constant: break
      case .scores, .stack, .total, .above:
        throw ModelFormatError(
          .unsupported, "the output \(port.name.quoted) is no whole answer of an ensemble"
        ).inside("graph.output")
      case nil:
        throw ModelFormatError(.malformed, "no node makes the output \(port.name.quoted)")
          .inside("graph.output")
      }
    }
    guard var answer = scores ?? label else {
      throw ModelFormatError(.unsupported, "no output is the answer of an ensemble of trees")
        .inside("graph.output")
    }
    if let label {
      answer.labels = label.labels
      // Of opposites the larger is that above 0, whatever both were multiplied by.
      answer.threshold =
        label.threshold ?? (answer.isAntisymmetric && !answer.steps.isEmpty ? 0 : nil)
      if !answer.task.isClassification { answer = label }
    }
    var features = features
    for (column, codes) in codes {
      features[column].categories = codes.sorted { $0.value < $1.value }.map(\.key)
    }
    let all = ONNXColumns(
      columns: features.indices.map { Preprocessing.Column($0) }, kind: .float)
    let preprocessing: Preprocessing?
    if case .several = answer.source {
      // Its members have their own.
      preprocessing = nil
      answer.columns = all
    } else {
      preprocessing = try answer.columns.preprocessing(of: all)
    }
    return TreeModel(
      try answer.ensemble(), preprocessing: preprocessing,
      answers: label == nil ? .values : .classes, format: .onnx, library: document.producer,
      libraryVersion: document.producerVersion, features: features, labels: answer.labels)
  }

  /// Counts columns that are made, so that a graph that doubles them again and again is refused.
  mutating func charge(_ columns: ONNXColumns) throws {
    budget -= columns.columns.reduce(0) { $0 + 1 + $1.operations.count }
    guard budget >= 0 else {
      throw ModelFormatError(
        .tooLarge, "the columns take more than \(Preprocessing.maximumSize) steps")
    }
  }

  /// The value that an input of a node stands for.
  func value(_ operation: ONNXOperation, _ index: Int) throws -> ONNXValue {
    guard index < operation.inputs.count else {
      throw operation.error(.malformed, "there is no input \(index)")
    }
    guard let value = values[operation.inputs[index]] else {
      throw operation.error(
        .malformed, "no node before makes the input \(operation.inputs[index].quoted)")
    }
    return value
  }

  /// An input of a node that must be columns.
  func columns(_ operation: ONNXOperation, _ index: Int = 0) throws -> ONNXColumns {
    let value = try value(operation, index)
    guard case .columns(let columns) = value else {
      throw operation.error(.unsupported, "\(value.name) where only columns of the input are read")
    }
    return columns
  }

  /// An input of a node that must be known; nil where it is left out.
  func constant(_ operation: ONNXOperation, _ index: Int) throws -> ONNXConstant? {
    guard index < operation.inputs.count, !operation.inputs[index].isEmpty else { return nil }
    let value = try value(operation, index)
    guard case .constant(let constant) = value else {
      throw operation.error(.unsupported, "\(value.name) where only a constant is read")
    }
    return constant
  }

  /// Sets an output of a node.
  mutating func set(_ operation: ONNXOperation, _ value: ONNXValue, output index: Int = 0) throws {
    guard index < operation.outputs.count else {
      if index > 0 { return }
      throw operation.error(.malformed, "the node has no output")
    }
    guard !operation.outputs[index].isEmpty else { return }
    if case .columns(let columns) = value {
      guard columns.count > 0 else { throw operation.error(.malformed, "no columns are left") }
      try charge(columns)
    }
    guard values.updateValue(value, forKey: operation.outputs[index]) == nil else {
      throw operation.error(.malformed, "two nodes make \(operation.outputs[index].quoted)")
    }
  }
}

extension ONNXDocument {
  /// The number of columns of an input whose shape leaves it open: what the node that reads it needs.
  func width(of input: String) throws -> Int {
    for operation in operations where operation.inputs.first == input {
      for name in ["offset", "imputed_value_floats", "imputed_value_int64s"] {
        let count = max(try operation.numbers(name).count, try operation.integers(name).count)
        if count > 1 { return count }
      }
      if let last = try operation.integers("nodes_featureids").max(),
        last < ModelFormat.maximumFeatureCount
      {
        return Int(last) + 1
      }
    }
    throw ModelFormatError(
      .unsupported, "the number of columns of the input \(input.quoted) is not told",
      remedy: "convert the model with a shape of [None, columns]"
    ).inside("graph.input")
  }
}
