/// What a name in a pickle may stand for. Names are only looked up here: there is no other way
/// from a name to code.
enum PickleGlobal: Equatable {
  /// A class, whose instances become a ``PickleObject``.
  case instance(PickleClass)
  /// A function, or a class whose instances are not kept as such.
  case function(PickleFunction)

  /// The meaning of a name; nil when it is not in the table.
  init?(module: String, name: String) {
    let module = Self.moved[module] ?? module
    guard let global = Self.table["\(module).\(name)"] else { return nil }
    self = global
  }

  /// Modules of Python 2 and of numpy 2, by the names that the table uses.
  private static let moved = [
    "__builtin__": "builtins", "copy_reg": "copyreg",
    "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
  ]

  private static let table: [String: PickleGlobal] = {
    var table: [String: PickleGlobal] = [:]
    for function in PickleFunction.allCases {
      for name in function.names { table[name] = .function(function) }
    }
    for kind in PickleClass.allCases {
      for name in kind.names { table[name] = .instance(kind) }
    }
    return table
  }()
}

/// The functions that a pickle may call: each is done by ``PickleMachine``.
enum PickleFunction: CaseIterable {
  case newObject
  case newObjectKeywords
  case reconstruct
  case encode
  case bytes
  case list
  case dictionary
  case defaultDictionary
  case type
  case newArray
  case scalar
  case arrayFromBuffer

  /// Python's names for it.
  var names: [String] {
    switch self {
    case .newObject: ["copyreg.__newobj__"]
    case .newObjectKeywords: ["copyreg.__newobj_ex__"]
    case .reconstruct: ["copyreg._reconstructor"]
    case .encode: ["_codecs.encode"]
    case .bytes: ["builtins.bytearray", "builtins.bytes"]
    case .list: ["builtins.list", "builtins.set", "builtins.frozenset"]
    case .dictionary:
      [
        "collections.OrderedDict", "builtins.dict", "sklearn.utils.Bunch",
        "sklearn.utils._bunch.Bunch", "sklearn.utils.deprecation.DeprecationDict",
      ]
    case .defaultDictionary: ["collections.defaultdict"]
    case .type: ["numpy.dtype"]
    case .newArray: ["numpy.core.multiarray._reconstruct"]
    case .scalar: ["numpy.core.multiarray.scalar"]
    case .arrayFromBuffer: ["numpy.core.numeric._frombuffer"]
    }
  }

  /// The name for messages.
  var name: String { names[0] }
}
