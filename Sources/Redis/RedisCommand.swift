public import NIOCore

/// One command with its arguments, as they go over the wire.
///
/// ```swift
/// let command: RedisCommand = ["SET", "key", "value", "PX", 300_000]
/// ```
public struct RedisCommand: Sendable, ExpressibleByArrayLiteral {
  /// A word of a command.
  public enum Argument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral
  {
    /// Text, sent as UTF-8.
    case text(String)
    /// A whole number, sent in decimal.
    case integer(Int)
    /// Bytes, sent as they are.
    case bytes(ByteBuffer)

    /// Text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
  }

  /// The command's name and what follows it.
  public var arguments: [Argument]
  /// The script that `EVALSHA` names, so that it can be sent when Redis does not know it.
  let script: RedisScript?

  /// A command of these words.
  public init(_ arguments: [Argument]) {
    self.arguments = arguments
    script = nil
  }

  /// A command of these words.
  public init(arrayLiteral elements: Argument...) {
    self.init(elements)
  }

  /// Runs a script: by its hash, and by its text where Redis has never seen it.
  public static func evaluate(
    _ script: RedisScript, keys: [Argument], arguments: [Argument] = []
  ) -> RedisCommand {
    RedisCommand(
      arguments: ["EVALSHA", .text(script.hash), .integer(keys.count)] + keys + arguments,
      script: script)
  }

  private init(arguments: [Argument], script: RedisScript?) {
    self.arguments = arguments
    self.script = script
  }

  /// The same call with the script's text in it.
  var withText: RedisCommand? {
    guard let script else { return nil }
    var full = RedisCommand(arguments)
    full.arguments[0] = "EVAL"
    full.arguments[1] = .text(script.text)
    return full
  }

  /// From how many bytes on an argument is sent from where it is, without a copy.
  private static let largeArgument = 16 << 10

  /// Appends the command to what is to be sent, one buffer behind the other.
  func encode(into buffers: inout [ByteBuffer]) {
    var bytes = buffers.popLast() ?? ByteBuffer()
    bytes.writeLine("*", arguments.count)
    for argument in arguments {
      switch argument {
      case .text(let text):
        bytes.writeLine("$", text.utf8.count)
        bytes.writeString(text)
      case .integer(let value):
        let digits = String(value)
        bytes.writeLine("$", digits.utf8.count)
        bytes.writeString(digits)
      case .bytes(let value):
        bytes.writeLine("$", value.readableBytes)
        if value.readableBytes < Self.largeArgument {
          bytes.writeImmutableBuffer(value)
        } else {
          buffers += [bytes, value]
          bytes = ByteBuffer()
        }
      }
      bytes.writeStaticString("\r\n")
    }
    buffers.append(bytes)
  }
}

extension ByteBuffer {
  /// Writes a line of RESP without an interpolated string, which would cost more than all the rest.
  fileprivate mutating func writeLine(_ kind: StaticString, _ number: Int) {
    writeStaticString(kind)
    writeString(String(number))
    writeStaticString("\r\n")
  }
}
