import Crypto

/// A Lua script that Redis runs as one atomic step.
public struct RedisScript: Sendable {
  /// The Lua source.
  public let text: String
  /// The name by which Redis knows the script: the SHA-1 of its text, in hexadecimal.
  public let hash: String

  /// A script with this Lua source.
  public init(_ text: String) {
    self.text = text
    // SHA-1 is what Redis names scripts by; nothing relies on it for security.
    hash = Insecure.SHA1.hash(data: Array(text.utf8))
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
