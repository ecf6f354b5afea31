/// The names of the classes of an estimator.
enum PickledLabels {
  /// The names in `classes_`, or in the label encoder of older XGBoost; nil where the classes are
  /// 0, 1, 2, … and need none.
  ///
  /// - Parameter count: the number of classes.
  static func labels(of fields: PickleFields, count: Int) throws -> ClassLabels? {
    guard let classes = try fields["classes_"] ?? encoded(fields) else { return nil }
    let names = names(classes, in: fields.graph)
    guard let names, names.count == count else {
      throw ModelFormatError(
        .malformed, "expected \(count) classes: texts or numbers in one dimension"
      ).inside("classes_")
    }
    return ClassLabels(names: names, numbers: numbers(classes, in: fields.graph))
  }

  /// The classes as numbers, where they are such.
  private static func numbers(_ classes: PickleValue, in graph: PickleGraph) -> [Float]? {
    guard case .array(let array) = graph[classes], array.type.kind != UInt8(ascii: "b") else {
      return nil
    }
    if let objects = array.objects {
      let numbers = objects.compactMap(graph.number)
      return numbers.count == objects.count ? numbers.map { Float($0) } : nil
    }
    return array.doubles()?.map { Float($0) }
  }

  private static func encoded(_ fields: PickleFields) throws -> PickleValue? {
    guard let encoder = fields["_le"], case .object(let encoder) = fields.graph[encoder] else {
      return nil
    }
    return try PickleFields(encoder, in: fields.graph)["classes_"]
  }

  /// The classes as Python prints them.
  private static func names(_ classes: PickleValue, in graph: PickleGraph) -> [String]? {
    if let texts = graph.texts(classes) { return texts }
    guard case .array(let array) = graph[classes], array.shape.count == 1 else {
      return graph.elements(classes)?.map { graph.integer($0).map(String.init) ?? "?" }
    }
    if let objects = array.objects {
      let labels = objects.compactMap { graph.integer($0).map(String.init) ?? graph.text($0) }
      return labels.count == objects.count ? labels : nil
    }
    if array.type.kind == UInt8(ascii: "b") {
      return array.integers()?.map { $0 == 0 ? "False" : "True" }
    }
    // Whole numbers that are stored as floats are 1, not 1.0.
    return array.integers()?.map(String.init)
      ?? array.doubles()?.map { Int(exactly: $0).map(String.init) ?? "\($0)" }
  }
}
