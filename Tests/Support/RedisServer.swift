public import Foundation
import Synchronization

/// A real `redis-server` of the test's own, on a free port and in a directory that goes with it.
public final class RedisServer: Sendable {
  /// Its address; 127.0.0.1 unless it is in a network of its own.
  public let host: String
  /// Its port.
  public let port: Int
  /// The password that it asks for.
  public let password: String?
  /// Where it keeps its data.
  public let directory: URL
  private let options: [String]
  private let launcher: [String]
  private let process = Mutex<ServerProcess?>(nil)

  init(password: String?, options: [String], host: String, launcher: [String]) throws {
    (self.host, self.launcher) = (host, launcher)
    port = try freePort()
    self.password = password
    self.options = options
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("coppice-redis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  /// `redis://…`, with the password.
  public var url: String {
    "redis://\(password.map { ":\($0)@" } ?? "")\(host):\(port)"
  }

  /// Starts the server, again after ``kill()``, and waits until it accepts connections.
  public func start() async throws {
    var arguments = [
      "--port", "\(port)", "--bind", host, "--dir", directory.path, "--save", "",
    ]
    if host != "127.0.0.1" { arguments += ["--protected-mode", "no"] }
    if let password { arguments += ["--requirepass", password] }
    let server = try ServerProcess(arguments: arguments + options, launcher: launcher)
    process.withLock { $0 = server }
    try await server.untilReady()
  }

  /// Ends the server at once, as a crash would (`SIGKILL`), and waits until it is gone.
  public func kill() async {
    let server = process.withLock { $0.take() }
    await server?.kill()
  }

  /// Freezes the server (`SIGSTOP`): connections stay, answers do not come.
  public func freeze() { process.withLock { $0?.signal(SIGSTOP) } }

  /// Lets a frozen server go on (`SIGCONT`).
  public func thaw() { process.withLock { $0?.signal(SIGCONT) } }
}

/// Runs a test with a Redis server, which is gone afterwards.
///
/// - Parameters:
///   - password: what the server asks for.
///   - options: more of `redis-server`'s options, such as `["--appendonly", "yes"]`.
///   - host: the address that it listens on.
///   - launcher: a command that starts it, such as `["ip", "netns", "exec", "name"]`.
public func withRedis<Result>(
  password: String? = nil, options: [String] = [], host: String = "127.0.0.1",
  launcher: [String] = [], _ body: (RedisServer) async throws -> Result
) async throws -> Result {
  let server = try RedisServer(
    password: password, options: options, host: host, launcher: launcher)
  func end() async {
    await server.kill()
    try? FileManager.default.removeItem(at: server.directory)
  }
  do {
    try await server.start()
    let result = try await body(server)
    await end()
    return result
  } catch {
    await end()
    throw error
  }
}
