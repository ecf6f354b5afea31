/// Where Redis is and how to speak to it.
public struct RedisConfiguration: Sendable, CustomStringConvertible {
  /// A host name or an address.
  public var host: String
  /// The TCP port.
  public var port: Int
  /// The ACL user; `nil` is Redis's `default`.
  public var username: String?
  /// The password; `nil` sends none.
  public var password: Secret?
  /// The database number.
  public var database: Int
  /// The name that `CLIENT LIST` shows.
  public var clientName: String
  /// How long a connection may take to come up, greeting included.
  public var connectTimeout: Duration = .seconds(2)
  /// How long an answer may take; a connection that is slower is given up.
  public var commandTimeout: Duration = .seconds(2)
  /// The waits between attempts to connect.
  public var backoff = Backoff()

  /// The server at this address.
  public init(
    host: String = "127.0.0.1", port: Int = 6379, username: String? = nil, password: Secret? = nil,
    database: Int = 0, clientName: String = "coppice"
  ) {
    self.host = host
    self.port = port
    self.username = username
    self.password = password
    self.database = database
    self.clientName = clientName
  }

  /// `host:port`, for messages.
  public var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// The URL, without the password.
  public var description: String {
    let user = username ?? (password == nil ? "" : "default")
    let login = user.isEmpty ? "" : password == nil ? "\(user)@" : "\(user):•••@"
    return "redis://\(login)\(address)/\(database)"
  }
}
