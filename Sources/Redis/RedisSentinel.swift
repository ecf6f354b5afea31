import NIOCore

/// Asks Sentinels where the primary is.
struct RedisSentinel {
  private let configuration: RedisConfiguration

  init(_ configuration: RedisConfiguration) {
    self.configuration = configuration
  }

  /// The configuration of the primary that the first Sentinel that knows it names.
  ///
  /// - Throws: what the last Sentinel said, when none knows it.
  func primary(on eventLoop: any EventLoop) async throws(RedisError) -> RedisConfiguration {
    var last = RedisError(.invalidConfiguration, "no Sentinel is configured")
    for sentinel in configuration.sentinels {
      do throws(RedisError) {
        let primary = try await ask(sentinel, on: eventLoop)
        var found = configuration
        (found.host, found.port) = (primary.host, primary.port)
        return found
      } catch {
        last = error
      }
    }
    throw last
  }

  private func ask(
    _ sentinel: RedisConfiguration.Endpoint, on eventLoop: any EventLoop
  ) async throws(RedisError) -> RedisConfiguration.Endpoint {
    var asked = configuration
    (asked.host, asked.port, asked.database) = (sentinel.host, sentinel.port, 0)
    // The login is the primary's; Sentinels have their own, and usually none.
    (asked.username, asked.password, asked.primaryName) = (nil, nil, nil)
    let name = configuration.primaryName ?? ""
    let connection = try await RedisConnection.open(asked, on: eventLoop)
    defer { connection.close() }
    let reply = try await connection.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", .text(name)])
    guard let parts = reply.elements, parts.count == 2, let host = parts[0].text,
      let port = parts[1].integer, 1...65535 ~= port
    else {
      throw RedisError(.unavailable, "the Sentinel at \(sentinel) knows no primary named \(name)")
    }
    return RedisConfiguration.Endpoint(host: host, port: port)
  }
}
