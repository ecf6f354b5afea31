public import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A running `coppice serve` and a client for it.
public struct CoppiceServer: Sendable {
  /// An answer.
  public struct Reply: Sendable {
    /// The status code.
    public let status: Int
    /// The header fields, by lower-case name.
    public let headers: [String: String]
    /// The body's bytes.
    public let body: Data

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object; empty when it is none.
    public var json: [String: any Sendable] {
      (try? JSONSerialization.jsonObject(with: body)) as? [String: any Sendable] ?? [:]
    }
  }

  /// The process.
  public let process: CoppiceProcess
  /// The port that it listens on.
  public let port: Int

  /// A client for a server that runs.
  public init(process: CoppiceProcess, port: Int) {
    self.process = process
    self.port = port
  }

  private static let session: URLSession = {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = 64
    configuration.timeoutIntervalForRequest = 60
    return URLSession(configuration: configuration)
  }()

  /// Sends a request over a real socket.
  public func request(
    _ method: String, _ path: String, body: Data? = nil, headers: [String: String] = [:]
  ) async throws -> Reply {
    var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!)
    request.httpMethod = method
    request.httpBody = body
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    // In a task of its own: on Linux, cancelling a request that is just being answered can lock up
    // FoundationNetworking, and with it every test.
    let (data, response) = try await Task { try await Self.session.data(for: request) }.value
    let http = response as! HTTPURLResponse
    var fields: [String: String] = [:]
    for (name, value) in http.allHeaderFields {
      fields["\(name)".lowercased()] = "\(value)"
    }
    return Reply(status: http.statusCode, headers: fields, body: data)
  }

  /// `GET`.
  public func get(_ path: String) async throws -> Reply { try await request("GET", path) }

  /// `POST` of JSON.
  public func post(_ path: String, _ json: String, headers: [String: String] = [:]) async throws
    -> Reply
  {
    try await request(
      "POST", path, body: Data(json.utf8),
      headers: ["Content-Type": "application/json"].merging(headers) { _, new in new })
  }
}

/// Runs `coppice serve` on a free port for the time of the closure; afterwards it must stop with
/// exit code 0 on SIGTERM.
public func withCoppiceServer<Result>(
  _ arguments: [String], environment: [String: String] = [:],
  _ body: (CoppiceServer) async throws -> Result
) async throws -> Result {
  let process = try CoppiceProcess(
    ["serve", "--port", "0", "--grpc-port", "0"] + arguments, environment: environment)
  defer { process.signal(SIGKILL) }
  guard let line = await process.logged("listening"),
    let port = line.fields["port"].flatMap(Int.init)
  else {
    throw SupportError("coppice serve did not start: \(process.lines.map(\.message))")
  }
  let result = try await body(CoppiceServer(process: process, port: port))
  process.signal(SIGTERM)
  let code = await process.exitCode()
  guard code == 0 else { throw SupportError("coppice serve ended with exit code \(code)") }
  return result
}

/// A fixture that did not come up.
public struct SupportError: Error, CustomStringConvertible {
  /// What went wrong.
  public let description: String

  /// Says what went wrong.
  public init(_ description: String) {
    self.description = description
  }
}

/// A folder for the time of the closure.
public func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result
{
  let folder = FileManager.default.temporaryDirectory.appending(path: "coppice-\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}
