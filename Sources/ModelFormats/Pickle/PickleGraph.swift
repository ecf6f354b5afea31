/// The values of a pickle, which may share and contain each other in any way.
///
/// All nodes lie in one flat array and point to each other by number: however deep or entangled
/// they are, to make and to free them needs no recursion. Who reads them has to bound what it
/// follows, since a few bytes can say a graph with more paths than memory has bits.
struct PickleGraph {
  /// The most nodes that are made.
  static let maximumNodeCount = 1 << 20

  private var nodes: [PickleNode] = []

  /// The node that a value points to.
  subscript(value: PickleValue) -> PickleNode? {
    guard case .node(let number) = value else { return nil }
    return nodes[Int(number)]
  }

  /// Adds a node; nil when there are too many.
  mutating func add(_ node: PickleNode) -> PickleValue? {
    guard nodes.count < Self.maximumNodeCount else { return nil }
    nodes.append(node)
    return .node(Int32(nodes.count - 1))
  }

  /// Replaces the node that a value points to.
  mutating func replace(_ value: PickleValue, with node: PickleNode) {
    guard case .node(let number) = value else { return }
    nodes[Int(number)] = node
  }

  /// Changes the node that a value points to in place, which copies nothing.
  mutating func change<Result>(
    _ value: PickleValue, _ body: (inout PickleNode) throws -> Result
  ) rethrows -> Result? {
    guard case .node(let number) = value else { return nil }
    return try body(&nodes[Int(number)])
  }
}

extension PickleGraph {
  /// The longest text that is read: no name is longer, and one text may be read many times.
  static let maximumTextSize = 1 << 10

  /// The most memory for a list of texts.
  static let maximumTextsSize = 1 << 25

  /// The text of a string; also of a Python 2 string that is UTF-8.
  func text(_ value: PickleValue) -> String? {
    switch self[value] {
    case .text(let bytes), .bytes(let bytes):
      bytes.count > Self.maximumTextSize ? nil : String(validating: bytes, as: UTF8.self)
    case .array(let array) where array.shape.isEmpty: array.texts()?.first
    default: nil
    }
  }

  /// The bytes of a `bytes`, `bytearray` or Python 2 string.
  func bytes(_ value: PickleValue) -> ArraySlice<UInt8>? {
    guard case .bytes(let bytes) = self[value] else { return nil }
    return bytes
  }

  /// The bytes of a string, however long.
  func textBytes(_ value: PickleValue) -> ArraySlice<UInt8>? {
    switch self[value] {
    case .text(let bytes), .bytes(let bytes): bytes
    default: nil
    }
  }

  /// The elements of a list, set, tuple or one-dimensional array of objects.
  func elements(_ value: PickleValue) -> [PickleValue]? {
    switch self[value] {
    case .list(let elements), .tuple(let elements): elements
    case .array(let array): array.objects
    default: nil
    }
  }

  /// The elements of a tuple.
  func tuple(_ value: PickleValue) -> [PickleValue]? {
    guard case .tuple(let elements) = self[value] else { return nil }
    return elements
  }

  /// The whole number that a value is, also as an array without dimensions.
  func integer(_ value: PickleValue) -> Int? {
    switch value {
    case .int(let number): number
    case .bool(let flag): flag ? 1 : 0
    case .float(let number): Int(exactly: number)
    case .node:
      if case .array(let array) = self[value], array.count == 1 {
        array.integers()?.first
      } else {
        nil
      }
    case .none, .global: nil
    }
  }

  /// The number that a value is, also as an array without dimensions.
  func number(_ value: PickleValue) -> Double? {
    switch value {
    case .int(let number): Double(number)
    case .bool(let flag): flag ? 1 : 0
    case .float(let number): number
    case .node:
      if case .array(let array) = self[value], array.count == 1 {
        array.doubles()?.first
      } else {
        nil
      }
    case .none, .global: nil
    }
  }

  /// A list, tuple or array of texts; nil when there are others in it, or too many.
  func texts(_ value: PickleValue) -> [String]? {
    if case .array(let array) = self[value], array.objects == nil { return array.texts() }
    guard let elements = elements(value) else { return nil }
    var texts: [String] = []
    var size = 0
    for element in elements {
      guard let text = text(element) else { return nil }
      texts.append(text)
      // A text may be in many places.
      size += text.utf8.count + 16
      guard size <= Self.maximumTextsSize else { return nil }
    }
    return texts
  }

  /// The entries of a dictionary whose keys are text: the attributes of an object.
  func attributes(_ value: PickleValue) -> [String: PickleValue]? {
    guard case .dictionary(let entries) = self[value], entries.count <= Self.maximumEntryCount * 2
    else { return nil }
    var attributes: [String: PickleValue] = [:]
    for index in stride(from: 0, to: entries.count, by: 2) {
      guard let key = text(entries[index]) else { return nil }
      attributes[key] = entries[index + 1]
    }
    return attributes
  }

  /// The most attributes of an object.
  static let maximumEntryCount = 256
}
