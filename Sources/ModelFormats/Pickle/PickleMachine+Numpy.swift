extension PickleMachine {
  /// `numpy.dtype("f8", False, True)`.
  mutating func pushType(_ name: PickleValue) throws -> Bool {
    guard let name = graph.text(name), let type = NumpyType(name) else { return false }
    try push(.type(type))
    return true
  }

  /// `_reconstruct(ndarray, (0,), b"b")`: an empty array, which its state fills.
  mutating func pushNewArray() throws -> Bool {
    try charge(NumpyArray.cost)
    try push(.array(NumpyArray()))
    return true
  }

  /// `scalar(dtype, bytes)`: one number.
  mutating func pushScalar(_ type: PickleValue, _ value: PickleValue) throws -> Bool {
    guard case .type(let type) = graph[type], let bytes = graph.bytes(value),
      let array = NumpyArray(type: type, shape: [], isFortran: false, bytes: bytes)
    else { return false }
    switch type.kind {
    case UInt8(ascii: "b"): try push(.bool(array.integers()?.first != 0))
    case UInt8(ascii: "i"), UInt8(ascii: "u"):
      guard let number = array.integers()?.first else { return false }
      try push(.int(number))
    case UInt8(ascii: "f"):
      guard let number = array.doubles()?.first else { return false }
      try push(.float(number))
    default:
      try charge(NumpyArray.cost)
      try push(.array(array))
    }
    return true
  }

  /// `_frombuffer(bytes, dtype, shape, order)`, as protocol 5 writes arrays.
  mutating func pushArray(_ arguments: [PickleValue]) throws -> Bool {
    try charge(NumpyArray.cost)
    guard arguments.count == 4, let bytes = graph.bytes(arguments[0]),
      case .type(let type) = graph[arguments[1]],
      let shape = shape(arguments[2]), let order = graph.text(arguments[3]),
      let array = NumpyArray(type: type, shape: shape, isFortran: order == "F", bytes: bytes)
    else { return false }
    try push(.array(array))
    return true
  }

  /// The array of a state `(version, shape, dtype, is_fortran, bytes or list)`.
  mutating func array(_ state: PickleValue) throws -> NumpyArray? {
    guard let state = graph.tuple(state), state.count == 5, let shape = shape(state[1]),
      case .type(let type) = graph[state[2]], let isFortran = graph.integer(state[3])
    else { return nil }
    if type.kind == UInt8(ascii: "O") {
      guard let values = graph.elements(state[4]) else { return nil }
      try charge(values.count)
      return NumpyArray(type: type, shape: shape, isFortran: isFortran != 0, values: values)
    }
    guard let bytes = graph.bytes(state[4]) else { return nil }
    return NumpyArray(type: type, shape: shape, isFortran: isFortran != 0, bytes: bytes)
  }

  func shape(_ value: PickleValue) -> [Int]? {
    guard let elements = graph.tuple(value), elements.count <= NumpyArray.maximumRank else {
      return nil
    }
    let shape = elements.compactMap { graph.integer($0) }
    return shape.count == elements.count && shape.allSatisfy { $0 >= 0 } ? shape : nil
  }
}
