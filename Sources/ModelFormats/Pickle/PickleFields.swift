/// The attributes of an object in a pickle, by name; errors tell which.
struct PickleFields {
  let graph: PickleGraph
  private let entries: [String: PickleValue]

  /// The attributes of an object whose state is a dictionary of them.
  init(_ object: PickleObject, in graph: PickleGraph) throws {
    // Objects with `__slots__` have a pair of dictionaries.
    let state = graph.tuple(object.state).flatMap { $0.count == 2 ? $0[0] : nil } ?? object.state
    guard let entries = graph.attributes(state) else {
      throw ModelFormatError(
        .malformed, "the state of the object is no dictionary of attributes",
        offset: object.offset)
    }
    self.graph = graph
    self.entries = entries
  }

  /// The value of an attribute; nil where it is missing or `None`.
  subscript(name: String) -> PickleValue? {
    guard let value = entries[name], value != .none else { return nil }
    return value
  }

  /// The array that is an attribute; nil where there is none.
  func array(_ name: String) -> NumpyArray? {
    guard let value = self[name], case .array(let array) = graph[value] else { return nil }
    return array
  }

  /// The value that one of the functions of the graph makes of an attribute; nil where it is
  /// missing or `None`.
  func optional<Value>(
    _ name: String, _ read: (PickleGraph) -> (PickleValue) -> Value?, _ wanted: String
  ) throws -> Value? {
    guard let value = self[name] else { return nil }
    guard let result = read(graph)(value) else {
      throw ModelFormatError(.malformed, "expected \(wanted)").inside(name)
    }
    return result
  }
}
