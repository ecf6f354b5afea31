public import NIOCore

/// What Redis answers, with the kinds of RESP3 that differ only on the wire folded into one.
public enum RESPValue: Sendable, Equatable {
  /// Nothing.
  case null
  /// A whole number.
  case integer(Int)
  /// A number.
  case double(Double)
  /// True or false.
  case boolean(Bool)
  /// Simple, blob and verbatim strings, and big numbers.
  case string(ByteBuffer)
  /// An error, with its code as the first word.
  case error(String)
  /// Arrays and sets.
  case array([RESPValue])
  /// A map: key, value, key, value.
  case map([RESPValue])
  /// Something that Redis said unasked.
  case push([RESPValue])
}

extension RESPValue {
  /// The whole number, also when written as a string.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .string(let bytes): Int(String(buffer: bytes))
    default: nil
    }
  }

  /// The bytes of a string.
  public var bytes: ByteBuffer? {
    if case .string(let bytes) = self { bytes } else { nil }
  }

  /// A string as text; bytes that are not UTF-8 are replaced.
  public var text: String? { bytes.map { String(buffer: $0) } }

  /// The elements of an array; of a map, keys and values in turn.
  public var elements: [RESPValue]? {
    switch self {
    case .array(let values), .map(let values), .push(let values): values
    default: nil
    }
  }

  /// The value of a key in a map, or in an array of keys and values in turn.
  public subscript(key: String) -> RESPValue? {
    guard let elements else { return nil }
    for index in stride(from: 0, to: elements.count - 1, by: 2)
    where elements[index].bytes?.readableBytesView.elementsEqual(key.utf8) == true {
      return elements[index + 1]
    }
    return nil
  }

  /// Whether it is an error with this code.
  func isError(_ code: String) -> Bool {
    if case .error(let message) = self { message.hasPrefix(code) } else { false }
  }

  /// The value itself, or Redis's error thrown.
  public func get() throws(RedisError) -> RESPValue {
    if case .error(let message) = self { throw RedisError(server: message) }
    return self
  }
}
