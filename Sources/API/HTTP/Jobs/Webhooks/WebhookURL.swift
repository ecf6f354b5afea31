/// Where a webhook leads: `http://` or `https://`, a host, perhaps a port, and a path.
struct WebhookURL: Equatable, Sendable {
  /// Why a text is no such URL.
  struct Fault: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  let isSecure: Bool
  let host: String
  let port: Int
  /// The path and the query.
  let path: String

  /// Reads a URL.
  init(_ text: String) throws(Fault) {
    guard text.utf8.count <= 2048, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw Fault(description: "it must be at most 2048 printable ASCII characters")
    }
    let lower = text.lowercased()
    guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else {
      throw Fault(description: "it must begin with https:// or http://")
    }
    isSecure = scheme == "https://"
    let rest = text.dropFirst(scheme.count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = rest[authority.endIndex...]
    self.path = path.hasPrefix("/") ? String(path) : "/" + path
    guard !authority.contains("@") else {
      throw Fault(description: "a user and a password do not belong into it")
    }
    var host = authority
    var digits: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else {
        throw Fault(description: "a ] is missing")
      }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.hasPrefix(":") else {
        throw Fault(description: "only a port may follow the ]")
      }
      digits = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      digits = authority[colon...].dropFirst()
    }
    guard !host.isEmpty, host.utf8.count <= 253 else {
      throw Fault(description: "the host is missing")
    }
    self.host = String(host)
    if let digits {
      guard let port = Int(digits), 1...65535 ~= port else {
        throw Fault(description: "the port must be 1 to 65535")
      }
      self.port = port
    } else {
      port = isSecure ? 443 : 80
    }
  }

  /// The value of the `Host` field.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }
}
