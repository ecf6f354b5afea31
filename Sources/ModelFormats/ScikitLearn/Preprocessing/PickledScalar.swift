/// A text or number of an array that may hold both.
enum PickledScalar: Equatable {
  case text(String)
  /// Also `None`, as NaN.
  case number(Double)

  /// The elements of an array of texts, numbers or Python objects.
  static func values(_ array: NumpyArray, in graph: PickleGraph) throws -> [PickledScalar] {
    if let objects = array.objects {
      return try objects.map { object in
        if let text = graph.text(object) { return .text(text) }
        if object == .none { return .number(.nan) }
        guard let number = graph.number(object) else {
          throw ModelFormatError(.unsupported, "expected texts or numbers")
        }
        return .number(number)
      }
    }
    if let texts = array.texts() { return texts.map { .text($0) } }
    guard let numbers = array.doubles() else {
      throw ModelFormatError(.unsupported, "expected texts or numbers")
    }
    return numbers.map { .number($0) }
  }
}

extension PickleFields {
  /// The numbers of an array of this length.
  func numbers(_ name: String, count: Int) throws -> [Double] {
    guard let numbers = array(name)?.doubles(), numbers.count == count else {
      throw ModelFormatError(
        .malformed, "expected \(count) numbers", remedy: "fit the model before it is pickled"
      ).inside(name)
    }
    return numbers
  }

  /// The texts and numbers of an array of this length.
  func values(_ name: String, count: Int) throws -> [PickledScalar] {
    guard let array = array(name), array.count == count else {
      throw ModelFormatError(
        .malformed, "expected \(count) values", remedy: "fit the model before it is pickled"
      ).inside(name)
    }
    return try PickledScalar.values(array, in: graph)
  }

  /// The named steps of a pipeline: pairs, or triples that end with columns.
  func steps(_ name: String) throws -> [(name: String, step: PickleValue)] {
    guard let elements = self[name].flatMap(graph.elements) else {
      throw ModelFormatError(.malformed, "expected a list of steps").inside(name)
    }
    return try elements.enumerated().map { index, element in
      guard let pair = graph.tuple(element), pair.count >= 2, let step = graph.text(pair[0]) else {
        throw ModelFormatError(.malformed, "expected a name and a step")
          .inside("\(name)[\(index)]")
      }
      return (step.quoted, pair[1])
    }
  }
}
