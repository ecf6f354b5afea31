import HTTPTypes

/// Finds the route of a path; where several fit, the first.
struct RouteTable: Sendable {
  private struct Entry: Sendable {
    let route: Route
    let parts: [Part]
  }

  private enum Part: Sendable {
    case text(Substring)
    /// A parameter, and what must stand after it, such as `:predict`.
    case parameter(String, suffix: Substring)
  }

  /// By the number of parts.
  private var entries: [Int: [Entry]] = [:]
  /// Those of whole paths without parameters, as most calls have them.
  private var plain: [String: Route] = [:]

  init(_ routes: [Route]) {
    for route in routes {
      let parts = Self.split(route.path[...]).map { part -> Part in
        guard part.first == "{", let end = part.firstIndex(of: "}") else { return .text(part) }
        return .parameter(
          String(part[part.index(after: part.startIndex)..<end]),
          suffix: part[part.index(after: end)...])
      }
      entries[parts.count, default: []].append(Entry(route: route, parts: parts))
    }
    for route in routes where !route.path.contains("{") {
      let head = HTTPRequest(method: route.method, scheme: nil, authority: nil, path: route.path)
      if let first = self.route(of: head), first.parameters.isEmpty {
        plain[route.path] = first.route
      }
    }
  }

  /// The route of a request, and what stands at its parameters.
  func route(of head: HTTPRequest) -> (route: Route, parameters: [String: String])? {
    guard let path = head.path else { return nil }
    if let route = plain[path], route.method == head.method { return (route, [:]) }
    let parts = Self.split(path.prefix { $0 != "?" })
    next: for entry in entries[parts.count] ?? [] where entry.route.method == head.method {
      var parameters: [String: String] = [:]
      for (part, text) in zip(entry.parts, parts) {
        switch part {
        case .text(let expected):
          guard text == expected else { continue next }
        case .parameter(let name, let suffix):
          guard text.hasSuffix(suffix), text.utf8.count > suffix.utf8.count else { continue next }
          parameters[name] = text.dropLast(suffix.count).percentDecoded
        }
      }
      return (entry.route, parameters)
    }
    return nil
  }

  private static func split(_ path: Substring) -> [Substring] {
    path.split(separator: "/", omittingEmptySubsequences: true)
  }
}

extension Substring {
  /// The text with its `%` escapes taken back; as it is where they make no UTF-8.
  fileprivate var percentDecoded: String {
    guard utf8.contains(UInt8(ascii: "%")) else { return String(self) }
    var bytes: [UInt8] = []
    var rest = utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let text = String(rest.prefix(2)), text.utf8.count == 2,
        let value = UInt8(text, radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self) ?? String(self)
  }
}
