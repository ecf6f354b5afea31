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
  /// Whether the connection is encrypted and the server's certificate checked (`rediss://`).
  public var usesTLS = false
  /// A file of certificates (PEM) of those who may vouch for the server; `nil` for the system's.
  public var certificateAuthorityFile: String?
  /// The Sentinels that know where the primary is; when empty, `host` and `port` are the server.
  public var sentinels: [Endpoint] = []
  /// The name by which the Sentinels know the primary.
  public var primaryName: String?
  /// A key that is to be reached: in a Redis Cluster, connections go to the node that has it, whichever
  /// node is named. All other keys must be in its slot.
  public var clusterKey: String?
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

  /// A host and a port.
  public struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    /// A host name or an address.
    public var host: String
    /// The TCP port.
    public var port: Int

    /// Names a place to connect to.
    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// `host:port`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// `host:port`, for messages.
  public var address: String { "\(Endpoint(host: host, port: port))" }

  /// The URL, without the password.
  public var description: String {
    let user = username ?? (password == nil ? "" : "default")
    let login = user.isEmpty ? "" : password == nil ? "\(user)@" : "\(user):•••@"
    let scheme = usesTLS ? "rediss" : "redis"
    guard let primaryName else { return "\(scheme)://\(login)\(address)/\(database)" }
    let hosts = sentinels.map(\.description).joined(separator: ",")
    return "\(scheme)+sentinel://\(login)\(hosts)/\(primaryName)/\(database)"
  }
}
