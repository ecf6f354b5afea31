/// The type of the elements of a numpy array.
struct NumpyType: Equatable {
  /// Numpy's letter: `b` boolean, `i` and `u` integers, `f` floats, `S` bytes, `U` text (UCS-4),
  /// `O` Python objects, `V` records.
  var kind: UInt8
  /// The bytes of an element.
  var size: Int
  var isBigEndian = false
  /// The fields of a record.
  var fields: [Field] = []

  /// The most fields of a record.
  static let maximumFieldCount = 16

  /// A field of a record: its type has no fields itself.
  struct Field: Equatable {
    let name: String
    let type: NumpyType
    let offset: Int
  }

  init(kind: Unicode.Scalar, size: Int, isBigEndian: Bool = false) {
    self.kind = UInt8(ascii: kind)
    self.size = size
    self.isBigEndian = isBigEndian
  }

  /// Reads `f8`, `<f8`, `|b1`, `U12`, ….
  init?(_ text: String) {
    var rest = text.utf8[...]
    if let order = rest.first, "<>=|".utf8.contains(order) {
      isBigEndian = order == UInt8(ascii: ">")
      rest.removeFirst()
    }
    guard let letter = rest.popFirst(), "biufcSUOVMm?".utf8.contains(letter),
      let size = rest.isEmpty ? (letter == UInt8(ascii: "?") ? 1 : 8) : Int(Substring(rest)),
      0...1 << 20 ~= size
    else { return nil }
    kind = letter == UInt8(ascii: "?") ? UInt8(ascii: "b") : letter
    self.size = letter == UInt8(ascii: "U") ? 4 * size : size
  }

  /// The type with the state `(version, order, subtype, names, fields, size, alignment, flags)`.
  func built(_ state: PickleValue, in graph: PickleGraph) -> NumpyType? {
    guard let state = graph.tuple(state), state.count >= 7, let order = graph.text(state[1]),
      state[2] == .none
    else { return nil }
    var type = self
    type.isBigEndian = order == ">"
    guard state[3] != .none else { return type }
    guard let names = graph.texts(state[3]), names.count <= Self.maximumFieldCount,
      let fields = graph.attributes(state[4])
    else { return nil }
    for name in names {
      guard let field = fields[name].flatMap(graph.tuple), field.count >= 2,
        case .type(let fieldType) = graph[field[0]], fieldType.fields.isEmpty,
        let offset = graph.integer(field[1]), offset >= 0, fieldType.size <= size,
        offset <= size - fieldType.size
      else { return nil }
      type.fields.append(Field(name: name, type: fieldType, offset: offset))
    }
    return type
  }
}
