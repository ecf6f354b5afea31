import NIOCore

extension RedisConnection {
  /// Connects to the server of the configuration or, where that is a node of a Redis Cluster, to the node
  /// that has the configuration's key.
  ///
  /// - Throws: what ``open(_:on:)`` throws.
  static func openOwner(
    _ configuration: RedisConfiguration, on eventLoop: any EventLoop
  ) async throws(RedisError) -> RedisConnection {
    var asked = configuration
    // While slots move, a node may send to one that does not know yet.
    for _ in 0..<5 {
      let connection = try await open(asked, on: eventLoop)
      guard let key = configuration.clusterKey else { return connection }
      do throws(RedisError) {
        _ = try await connection.send(["EXISTS", .text(key)])
        return connection
      } catch {
        guard let owner = error.owner else {
          // What else it says against this command, it says against all, or this one is not allowed.
          if error.code == .server { return connection }
          connection.close()
          throw error
        }
        connection.close()
        if !owner.host.isEmpty { asked.host = owner.host }
        asked.port = owner.port
      }
    }
    throw RedisError(
      .unavailable, "the nodes of the Redis Cluster at \(configuration.address) send back and forth"
    )
  }
}

extension RedisError {
  /// The node that has the keys, where the error is `MOVED slot host:port`; no host means the same one.
  fileprivate var owner: RedisConfiguration.Endpoint? {
    let words = message.split(separator: " ")
    guard serverCode == "MOVED", words.count > 2, let colon = words[2].lastIndex(of: ":"),
      let port = Int(words[2][colon...].dropFirst()), 1...65535 ~= port
    else { return nil }
    return RedisConfiguration.Endpoint(host: String(words[2][..<colon]), port: port)
  }
}

extension RedisConfiguration {
  /// What a server says that is not the right one any more: a replica where Sentinels know the primary, or
  /// a node of a cluster that has lost the key.
  var farewell: String? {
    primaryName != nil ? "READONLY" : clusterKey != nil ? "MOVED" : nil
  }
}
