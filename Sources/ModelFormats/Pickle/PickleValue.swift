/// A value on the stack of a pickle.
///
/// Whatever can be shared or changed lies in a ``PickleGraph`` and is pointed to.
enum PickleValue: Equatable {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case global(PickleGlobal)
  /// The number of a node of the graph.
  case node(Int32)
}

/// What a ``PickleGraph`` is made of.
enum PickleNode {
  /// UTF-8.
  case text(ArraySlice<UInt8>)
  /// `bytes`, `bytearray`, and the strings of Python 2.
  case bytes(ArraySlice<UInt8>)
  /// A list or a set.
  case list([PickleValue])
  case tuple([PickleValue])
  /// Keys and values in turn.
  case dictionary([PickleValue])
  case object(PickleObject)
  case type(NumpyType)
  indirect case array(NumpyArray)
}

/// An instance of a known class, as data.
struct PickleObject {
  let kind: PickleClass
  /// The byte at which it was made.
  let offset: Int
  /// What its constructor was given: a tuple, or none.
  let arguments: PickleValue
  /// What `__setstate__` would be given: most often a dictionary of attributes.
  var state = PickleValue.none
}
