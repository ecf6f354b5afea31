import Synchronization

/// Collects what the library says while a closure runs, instead of letting it go to stderr.
///
/// The library's callback carries no context and is kept for each thread, so the collector is
/// found through a task-local value.
final class XGBoostLog: Sendable {
  @TaskLocal private static var current: XGBoostLog?

  private let messages = Mutex<[String]>([])

  /// Runs a closure whose messages from the library go to this log.
  func collecting<Result>(from library: XGBoostLibrary, _ body: () throws -> Result) throws
    -> Result
  {
    try library.check(
      library.registerLogCallback { text in
        guard let text else { return }
        let message = String(cString: text)
        XGBoostLog.current?.messages.withLock { $0.append(message) }
      })
    return try Self.$current.withValue(self, operation: body)
  }

  /// Takes the messages that came since the last call.
  func drain() -> [String] {
    messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }

  /// The parameters that a warning calls unused: `Parameters: { "foo", "bar" } are not used.`
  static func unusedParameters(in message: String) -> [String] {
    guard let start = message.firstRange(of: "Parameters: {")?.upperBound,
      let end = message[start...].firstIndex(of: "}")
    else { return [] }
    return message[start..<end].split(separator: ",").map { name in
      String(name.filter { $0 != "\"" && !$0.isWhitespace })
    }
  }
}
