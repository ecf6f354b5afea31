/// What a pickle asks to be called, done here: see ``PickleGlobal``.
extension PickleMachine {
  mutating func pushGlobal() throws {
    let name = try pop()
    let module = try pop()
    guard let name = graph.text(name), let module = graph.text(module) else {
      throw error("the name of a class is no text, or too long")
    }
    try pushGlobal(module: module, name: name)
  }

  mutating func pushGlobal(module: String, name: String) throws {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw ModelFormatError(
        .unsupported, "the pickle asks for \("\(module).\(name)".shown), which is not read",
        remedy: "only known model classes are (docs/formats/pickle.md); nothing was run",
        offset: input.start)
    }
    try push(.global(global))
  }

  /// Makes an instance, as `cls.__new__(cls, *arguments)` would.
  mutating func make(_ kind: PickleValue, _ arguments: PickleValue) throws {
    if kind == .global(.function(.dictionary)) { return try push(.dictionary([])) }
    guard case .global(.instance(let kind)) = kind else {
      throw error("the pickle makes an instance of what is no class")
    }
    try push(.object(PickleObject(kind: kind, offset: input.start, arguments: arguments)))
  }

  /// Does what a known function or constructor would.
  mutating func call(_ callable: PickleValue, _ arguments: PickleValue) throws {
    guard case .global(let global) = callable else {
      throw error("the pickle calls what is no function", .unsupported)
    }
    guard let elements = graph.tuple(arguments) else {
      throw error("the arguments of a call are no tuple")
    }
    switch global {
    case .instance: try make(callable, arguments)
    case .function(let function): try call(function, elements)
    }
  }

  private mutating func call(_ function: PickleFunction, _ arguments: [PickleValue]) throws {
    func argument(_ index: Int) -> PickleValue {
      arguments.indices.contains(index) ? arguments[index] : .none
    }
    let isKnown =
      switch function {
      case .newObject: try made(argument(0), Array(arguments.dropFirst()))
      case .newObjectKeywords: try made(argument(0), graph.elements(argument(1)) ?? [])
      case .reconstruct: try reconstructed(argument(0), base: argument(1))
      case .encode: try encoded(argument(0), as: argument(1))
      case .bytes: try pushBytes(arguments)
      case .list: try pushList(arguments)
      case .dictionary: try pushDictionary(arguments)
      case .defaultDictionary: try pushDictionary([])
      case .type: try pushType(argument(0))
      case .newArray: try pushNewArray()
      case .scalar: try pushScalar(argument(0), argument(1))
      case .arrayFromBuffer: try pushArray(arguments)
      }
    guard isKnown else {
      throw error("the pickle calls \(function.name) with arguments that it does not take")
    }
  }

  private mutating func made(_ kind: PickleValue, _ arguments: [PickleValue]) throws -> Bool {
    try charge(arguments.count)
    try make(kind, add(.tuple(arguments)))
    return true
  }

  /// `copyreg._reconstructor(cls, object, None)`, as protocols 0 and 1 make instances.
  private mutating func reconstructed(_ kind: PickleValue, base: PickleValue) throws -> Bool {
    guard base == .global(.instance(.ignored)) else { return false }
    try make(kind, .none)
    return true
  }

  /// `_codecs.encode(text, "latin1")`, as protocols before 3 write bytes.
  private mutating func encoded(_ value: PickleValue, as encoding: PickleValue) throws -> Bool {
    guard case .text(let text) = graph[value], isLatin1(encoding) else { return false }
    // Only here bytes are made that the file does not have; a text may be encoded again and again.
    encodedCount += text.count
    guard encodedCount <= input.bytes.count else {
      throw error("the pickle encodes more text than it has", .tooLarge)
    }
    guard let bytes = PickleEscapes.latin1(text) else { return false }
    try push(.bytes(bytes[...]))
    return true
  }

  private func isLatin1(_ encoding: PickleValue) -> Bool {
    ["latin1", "latin-1", "iso-8859-1"].contains(graph.text(encoding))
  }

  /// `bytes()`, `bytearray(bytes)` and `bytearray(text, "latin-1")`.
  private mutating func pushBytes(_ arguments: [PickleValue]) throws -> Bool {
    guard let first = arguments.first else {
      try push(.bytes([]))
      return true
    }
    if arguments.count > 1 { return try encoded(first, as: arguments[1]) }
    guard let bytes = graph.bytes(first) else { return false }
    try push(.bytes(bytes))
    return true
  }

  private mutating func pushList(_ arguments: [PickleValue]) throws -> Bool {
    guard let first = arguments.first else {
      try push(.list([]))
      return true
    }
    guard let elements = graph.elements(first) else { return false }
    try charge(elements.count)
    try push(.list(elements))
    return true
  }

  /// `OrderedDict()` or, in Python 2, `OrderedDict([[key, value], …])`.
  private mutating func pushDictionary(_ arguments: [PickleValue]) throws -> Bool {
    var entries: [PickleValue] = []
    if let first = arguments.first {
      guard let pairs = graph.elements(first) else { return false }
      try charge(2 * pairs.count)
      for pair in pairs {
        guard let pair = graph.elements(pair), pair.count == 2 else { return false }
        entries += pair
      }
    }
    try push(.dictionary(entries))
    return true
  }
}

// State
extension PickleMachine {
  /// Gives the value on top its state, as `__setstate__` would.
  mutating func build(_ state: PickleValue) throws {
    let value = try top()
    switch graph[value] {
    case .object(let object) where object.kind == .numpyArrayWrapper:
      let array = try joblibArray(state)
      graph.replace(value, with: .array(array))
    case .object(var object):
      object.state = state
      graph.replace(value, with: .object(object))
    case .type(let type):
      try charge(NumpyType.maximumFieldCount)
      guard let type = type.built(state, in: graph) else {
        throw error("the state of a numpy type is malformed")
      }
      graph.replace(value, with: .type(type))
    case .array:
      guard let array = try array(state) else {
        throw error("the state of a numpy array is malformed")
      }
      graph.replace(value, with: .array(array))
    case .dictionary: break  // The attributes of a dictionary are none of its entries.
    default:
      throw error("the pickle gives a state to what has none")
    }
  }
}
