/// Why Redis did not do what it was asked.
public struct RedisError: Error, Sendable, CustomStringConvertible {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// The address or a setting cannot be used.
    case invalidConfiguration
    /// There is no connection, or it was lost while the command was under way: whether Redis carried
    /// the command out is not known.
    case unavailable
    /// Redis did not answer in time; the connection was given up.
    case timeout
    /// Redis refused the user or the password.
    case authentication
    /// Redis answered with an error.
    case server
    /// Redis answered with something that is not RESP3, or not what the command answers.
    case damagedReply
    /// Too many commands wait for their answers on this connection.
    case overloaded
    /// This side has closed the connection.
    case closed
  }

  /// The kind of error.
  public let code: Code
  /// What happened, fit for a log; never holds a password.
  public let message: String
  /// The first word of Redis's own error, such as `NOSCRIPT` or `READONLY`.
  public let serverCode: String?

  init(_ code: Code, _ message: String, serverCode: String? = nil) {
    self.code = code
    self.message = message
    self.serverCode = serverCode
  }

  /// An error that Redis itself answered with.
  init(server message: String) {
    let word = message.prefix { $0 != " " }
    let code: Code =
      switch word {
      case "NOAUTH", "WRONGPASS": .authentication
      default: .server
      }
    let hint =
      word == "MOVED" || word == "ASK"
      ? " (the keys are on another node of the Redis Cluster)" : ""
    self.init(code, message + hint, serverCode: String(word))
  }

  /// The kind, short enough for a label.
  public var shortDescription: String { serverCode ?? code.rawValue }

  /// What happened.
  public var description: String { message }
}
