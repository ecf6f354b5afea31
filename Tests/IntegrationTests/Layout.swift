import Foundation
import Synchronization
import TestSupport
import Testing

/// The two ways to serve, which must look the same to callers.
enum Layout: String, CaseIterable, CustomTestStringConvertible {
  case alone, queued

  var testDescription: String { rawValue }

  /// Runs a server on a repository, with workers behind it if it is queued.
  func withServer<Result>(
    _ repository: URL, _ arguments: [String] = [], workers: Int = 2,
    _ body: (CoppiceServer) async throws -> Result
  ) async throws -> Result {
    try await withProcesses(repository, arguments, workers: workers) { server, _ in
      try await body(server)
    }
  }

  /// The same, for those who must know the workers.
  func withProcesses<Result>(
    _ repository: URL, _ arguments: [String] = [], workers: Int = 2,
    _ body: (CoppiceServer, [CoppiceProcess]) async throws -> Result
  ) async throws -> Result {
    switch self {
    case .alone:
      return try await withCoppiceServer([repository.path] + arguments) { server in
        try await body(server, [])
      }
    case .queued:
      return try await withRedis { redis in
        try await withCoppiceServer([repository.path, "--redis", redis.url] + arguments) { server in
          _ = await server.process.logged("connected to Redis")
          var processes: [CoppiceProcess] = []
          defer { for process in processes { process.signal(SIGKILL) } }
          for _ in 0..<workers {
            processes.append(try await QueueTests.startWorker(repository, redis: redis.url))
          }
          return try await body(server, processes)
        }
      }
    }
  }
}

/// What callers got: how many times each status with each body.
struct Answers: Sendable {
  private(set) var counts: [String: Int] = [:]

  mutating func add(_ reply: CoppiceServer.Reply) {
    counts["\(reply.status) \(reply.text)", default: 0] += 1
  }

  /// How many there were.
  var total: Int { counts.values.reduce(0, +) }

  /// All answers with status 200, each once; others as they are.
  var texts: Set<String> {
    Set(counts.keys.map { $0.hasPrefix("200 ") ? String($0.dropFirst(4)) : $0 })
  }

  static func + (left: Answers, right: Answers) -> Answers {
    var sum = left
    sum.counts.merge(right.counts, uniquingKeysWith: +)
    return sum
  }
}

/// Asks all the time from several connections, from before the closure runs until after it, and tells
/// what came back.
func underLoad(
  _ server: CoppiceServer, _ path: String = "/api/predict?probabilities=true", callers: Int = 4,
  headers: [String: String] = [:], sending sent: String = QueueTests.body,
  _ body: () async throws -> Void
) async throws -> Answers {
  let stop = Flag()
  let (begun, begin) = AsyncStream.makeStream(of: Void.self)
  return try await withThrowingTaskGroup(of: Answers.self) { group in
    for _ in 0..<callers {
      group.addTask {
        var answers = Answers()
        repeat {
          answers.add(try await server.post(path, sent, headers: headers))
          begin.yield()
        } while !stop.isSet
        answers.add(try await server.post(path, sent, headers: headers))
        return answers
      }
    }
    defer { stop.set() }
    for await _ in begun { break }
    try await body()
    stop.set()
    return try await group.reduce(Answers(), +)
  }
}

private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
