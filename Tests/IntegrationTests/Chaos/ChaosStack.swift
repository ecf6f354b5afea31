import Foundation
import Synchronization
import TestSupport
import Testing

/// A Redis that keeps all it is told, servers in front of it and workers, and what the clients were
/// promised.
final class ChaosStack: Sendable {
  /// What a client was promised, and what it must get.
  struct Promise: Sendable {
    let id: String
    let expected: String
  }

  /// How large the suite is: 1 in `make test`, more in `make chaos`.
  static let rounds = ProcessInfo.processInfo.environment["COPPICE_CHAOS"].flatMap(Int.init) ?? 1
  static let row = "{\"data\":[5.9,3.2,4.8,1.8]}"
  static let answer = "{\"name\":\"versicolor\",\"prediction\":1}"

  let redis: RedisServer
  let proxy: FaultProxy
  private let root: URL
  private struct Processes {
    var servers: [CoppiceServer] = []
    var workers: [CoppiceProcess] = []
    /// Those that were told to end; kept until the test is over.
    var ended: [CoppiceProcess] = []
  }

  private let processes = Mutex(Processes())
  private let promises = Mutex<[Promise]>([])
  private let refused = Mutex(0)

  private init(redis: RedisServer, proxy: FaultProxy, root: URL) {
    (self.redis, self.proxy, self.root) = (redis, proxy, root)
  }

  /// - Parameter network: where Redis runs; all processes reach it without the proxy then.
  static func run(
    servers: Int = 2, workers: Int = 2, redis options: [String] = [],
    in network: NetworkNamespace? = nil, _ body: (ChaosStack) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let root = try IrisRepository(in: folder).root
      let durable = ["--appendonly", "yes", "--appendfsync", "always"]
      try await withRedis(
        options: durable + options, host: network?.host ?? "127.0.0.1",
        launcher: network?.launcher ?? []
      ) { redis in
        let proxy = try FaultProxy(to: redis.port)
        defer { proxy.stop() }
        let stack = ChaosStack(redis: redis, proxy: proxy, root: root)
        defer { stack.killAll() }
        for _ in 0..<servers { try await stack.startServer() }
        for _ in 0..<workers { try await stack.startWorker() }
        try await body(stack)
      }
    }
  }

  var servers: [CoppiceServer] { processes.withLock { $0.servers } }
  var workers: [CoppiceProcess] { processes.withLock { $0.workers } }
  var acceptedCount: Int { promises.withLock { $0.count } }
  var refusedCount: Int { refused.withLock { $0 } }

  /// Unless told otherwise, all processes speak to Redis through the proxy.
  private var url: String {
    redis.host == "127.0.0.1" ? "redis://127.0.0.1:\(proxy.port)" : redis.url
  }

  @discardableResult
  func startServer(
    environment: [String: String] = [:], launcher: [String] = []
  ) async throws -> CoppiceServer {
    let process = try CoppiceProcess(
      [
        "serve", root.path, "--port", "0", "--no-grpc", "--redis", url, "--max-client-jobs",
        "100000",
      ], environment: environment, launcher: launcher)
    guard let port = await process.logged("listening")?.fields["port"].flatMap(Int.init),
      await process.logged("connected to Redis") != nil
    else { throw SupportError("coppice serve did not start: \(process.lines.map(\.message))") }
    let server = CoppiceServer(process: process, port: port)
    processes.withLock { $0.servers.append(server) }
    return server
  }

  /// - Parameters:
  ///   - redis: where it finds Redis; through the proxy when nil.
  ///   - launcher: see ``CoppiceProcess``.
  @discardableResult
  func startWorker(
    environment: [String: String] = [:], redis: String? = nil, launcher: [String] = []
  ) async throws -> CoppiceProcess {
    let worker = try CoppiceProcess(
      ["worker", root.path, "--redis", redis ?? url, "--visibility", "1", "--max-attempts", "50"],
      environment: environment, launcher: launcher)
    guard await worker.logged("connected to Redis") != nil else {
      throw SupportError("coppice worker did not start: \(worker.lines.map(\.message))")
    }
    processes.withLock { $0.workers.append(worker) }
    return worker
  }

  func kill(_ worker: CoppiceProcess) {
    withdraw(worker)
    worker.signal(SIGKILL)
  }

  /// Counts a worker as gone; the caller ends it.
  func withdraw(_ worker: CoppiceProcess) {
    processes.withLock { all in
      all.workers.removeAll { $0 === worker }
      all.ended.append(worker)
    }
  }

  /// Takes a server out of the clients' sight; the caller ends it.
  func withdraw(_ server: CoppiceServer) {
    processes.withLock { all in
      all.servers.removeAll { $0.process === server.process }
      all.ended.append(server.process)
    }
  }

  private func killAll() {
    let all = processes.withLock { $0 }
    for process in all.servers.map(\.process) + all.workers { process.signal(SIGKILL) }
  }

  /// Posts a job to any server; a refusal or a broken connection is no promise.
  func post() async {
    guard let server = servers.randomElement() else { return }
    let table = Int.random(in: 0..<10) == 0
    let reply =
      table
      ? try? await server.request(
        "POST", "/api/jobs",
        body: Data("petal_width,petal_length,sepal_width,sepal_length\n1.8,4.8,3.2,5.9\n".utf8),
        headers: ["Content-Type": "text/csv"])
      : try? await server.post("/api/jobs", Self.row)
    guard let reply, reply.status == 202, let id = reply.json["id"] as? String else {
      return refused.withLock { $0 += 1 }
    }
    let expected = table ? "name,prediction\r\nversicolor,1\r\n" : Self.answer
    promises.withLock { $0.append(Promise(id: id, expected: expected)) }
  }

  /// Posts jobs from several clients while `fault` is done.
  func underLoad(clients: Int = 8, _ fault: @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<clients {
        group.addTask { while !Task.isCancelled { await self.post() } }
      }
      defer { group.cancelAll() }
      try await fault()
    }
  }

  /// Waits until something happens, for half a minute.
  func until(_ what: String, _ check: () throws -> Bool) async throws {
    guard try await eventually(within: .seconds(30), check) else {
      throw SupportError("it never happened: \(what)")
    }
  }

  /// Waits until this many more jobs were accepted.
  func accepted(_ count: Int) async throws {
    let goal = acceptedCount + count
    let limit = ContinuousClock.now + .seconds(60)
    while acceptedCount < goal {
      guard ContinuousClock.now < limit else { throw SupportError("no jobs are accepted") }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Every promise is kept: each accepted job has one end, which is `done`, and the right result.
  ///
  /// - Returns: how many were accepted.
  @discardableResult
  func checkPromises(_ fault: String, times: Int) async throws -> Int {
    let promises = promises.withLock { $0 }
    let server = try #require(servers.first)
    let lost = try await withThrowingTaskGroup(of: [String].self) { group in
      for start in 0..<16 {
        group.addTask {
          var lost: [String] = []
          for index in stride(from: start, to: promises.count, by: 16) {
            if let fault = try await Self.check(promises[index], server) { lost.append(fault) }
          }
          return lost
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(lost.count == 0, "\(fault): \(lost.prefix(3))")
    // For the table in docs/reliability.md.
    print("chaos | \(fault) | \(times) | \(promises.count) | \(lost.count) |")
    return promises.count
  }

  /// What is wrong with a promise; nil when it was kept.
  private static func check(_ promise: Promise, _ server: CoppiceServer) async throws -> String? {
    /// A server that has no connection to Redis yet says so; that is no answer about the job.
    func answer(_ path: String) async throws -> CoppiceServer.Reply {
      var reply = try await server.get(path)
      _ = try await eventually(within: .seconds(30)) {
        if reply.status == 503 { reply = try await server.get(path) }
        return reply.status != 503
      }
      return reply
    }
    let status = try await answer("/api/jobs/\(promise.id)?wait=60s")
    let result = try await answer("/api/jobs/\(promise.id)/result")
    return status.json["status"] as? String == "done" && result.text == promise.expected
      ? nil : "\(promise.id): \(status.text) \(result.text)"
  }
}
