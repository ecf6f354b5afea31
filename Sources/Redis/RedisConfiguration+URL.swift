extension RedisConfiguration {
  /// Reads `redis://[user][:password]@host[:port][/database]`, with `rediss` for TLS, or
  /// `redis+sentinel://[user][:password]@host[:port][,host[:port]…]/primary[/database]`, whose hosts
  /// are Sentinels that are asked where the primary of that name is (port 26379 when not given).
  ///
  /// User and password are those of Redis itself and may be percent-encoded. The port is 6379 and the database 0 when not given.
  ///
  /// - Throws: a ``RedisError`` of code `invalidConfiguration`, whose message never holds the URL's
  ///   password.
  public init(url: String) throws(RedisError) {
    func invalid(_ problem: String) -> RedisError {
      RedisError(
        .invalidConfiguration,
        "Redis URL: \(problem); write redis://[user][:password]@host[:port][/database]")
    }
    guard let scheme = url.firstRange(of: "://") else { throw invalid("it has no scheme") }
    self.init()
    var isSentinel = false
    switch url[..<scheme.lowerBound].lowercased() {
    case "redis": break
    case "rediss": usesTLS = true
    case "redis+sentinel": isSentinel = true
    case "rediss+sentinel": (usesTLS, isSentinel) = (true, true)
    default: throw invalid("the scheme must be redis, rediss or redis+sentinel")
    }
    var rest = url[scheme.upperBound...]
    if let slash = rest.lastIndex(of: "@").map({ rest[$0...].firstIndex(of: "/") })
      ?? rest.firstIndex(of: "/")
    {
      var path = rest[slash...].dropFirst()
      if isSentinel {
        let name = path.prefix { $0 != "/" }
        primaryName = name.isEmpty ? nil : String(name)
        path = path[name.endIndex...].dropFirst()
      }
      if !path.isEmpty {
        guard let number = Int(path), number >= 0 else {
          throw invalid("the database after the last slash must be a number")
        }
        database = number
      }
      rest = rest[..<slash]
    }
    if let at = rest.lastIndex(of: "@") {
      let login = rest[..<at]
      rest = rest[rest.index(after: at)...]
      let parts = login.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let user = Self.percentDecoded(parts[0]),
        let secret = Self.percentDecoded(parts.count > 1 ? parts[1] : "")
      else { throw invalid("the user or the password has a broken % escape") }
      username = user.isEmpty ? nil : user
      password = secret.isEmpty ? nil : Secret(secret)
    }
    guard isSentinel else {
      (host, port) = try Self.hostAndPort(rest, standard: 6379, invalid)
      return
    }
    guard primaryName != nil else { throw invalid("the name of the primary must follow the hosts") }
    for part in rest.split(separator: ",") {
      let (host, port) = try Self.hostAndPort(part, standard: 26379, invalid)
      sentinels.append(Endpoint(host: host, port: port))
    }
    guard let first = sentinels.first else { throw invalid("the host is missing") }
    (host, port) = (first.host, first.port)
  }

  private static func hostAndPort(
    _ text: Substring, standard: Int, _ invalid: (String) -> RedisError
  ) throws(RedisError) -> (String, Int) {
    var host = text
    var digits = Substring(String(standard))
    if text.first == "[" {
      guard let bracket = text.firstIndex(of: "]") else { throw invalid("a ] is missing") }
      host = text[..<bracket].dropFirst()
      let after = text[bracket...].dropFirst()
      if !after.isEmpty {
        guard after.first == ":" else { throw invalid("a port must follow the ]") }
        digits = after.dropFirst()
      }
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      digits = text[colon...].dropFirst()
      guard !host.contains(":") else { throw invalid("an IPv6 address must stand in [ ]") }
    }
    guard !host.isEmpty else { throw invalid("the host is missing") }
    guard !host.contains(where: { $0.isWhitespace || "?#".contains($0) }) else {
      throw invalid("the host has a character that no host has")
    }
    guard let port = Int(digits), 1...65535 ~= port else {
      throw invalid("the port must be a number from 1 to 65535")
    }
    return (String(host), port)
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
      guard digits.count == 2 else { return nil }
      rest = rest.dropFirst(2)
      bytes.append(UInt8(digits[0] * 16 + digits[1]))
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
