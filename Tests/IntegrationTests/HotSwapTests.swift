import Foundation
import TestSupport
import Testing

@Suite("A repository that changes while it is served", .timeLimit(.minutes(30)))
struct HotSwapTests {
  static let path = "/api/predict?probabilities=true"
  /// Three models with the same features and other answers.
  static let old = IrisRepository.fixture("1.7.6/iris-softprob.json")
  static let new = IrisRepository.fixture("2.1.4/iris-softprob.json")

  static func answer(_ server: CoppiceServer, _ path: String = Self.path) async throws -> String {
    try await server.post(path, QueueTests.body).text
  }

  @Test(
    "answers every request by exactly one version while the next one takes over",
    arguments: Layout.allCases)
  func newVersion(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withServer(repository.root) { server in
        let before = try await Self.answer(server)
        let answers = try await underLoad(server) {
          try repository.add("iris", version: "2", file: Self.new)
          _ = await server.process.logged("model unloaded", with: ["version": "1"])
        }
        let after = try await Self.answer(server)
        #expect(before != after)
        #expect(answers.texts == [before, after])
        #expect(answers.total > 10)
        let pinned = try await server.post("/api/predict?version=1", QueueTests.body)
        #expect(pinned.status == 404)
        #expect(pinned.json["code"] as? String == "unknown_version")
      }
    }
  }

  @Test(
    "takes over a model file that was changed in its place, or replaced",
    arguments: [true, false], Layout.allCases)
  func changedFile(inPlace: Bool, layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      let file = repository.root.appending(path: "iris/1/model.json")
      try await layout.withServer(repository.root) { server in
        let before = try await Self.answer(server)
        let answers = try await underLoad(server) {
          try Data(contentsOf: Self.new).write(to: file, options: inPlace ? [] : .atomic)
          _ = await server.process.logged("model loaded", count: 2)
          // Each worker sees it by itself.
          let hasTakenOver = try await eventually { try await Self.answer(server) != before }
          #expect(hasTakenOver)
        }
        #expect(answers.texts.isSubset(of: [before, try await Self.answer(server)]))
      }
    }
  }

  @Test("follows a single model file", arguments: Layout.allCases)
  func singleFile(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "iris.json")
      try FileManager.default.copyItem(at: Self.old, to: file)
      try await layout.withServer(file) { server in
        let before = try await Self.answer(server)
        try Data(contentsOf: Self.new).write(to: file, options: .atomic)
        _ = await server.process.logged("model loaded", count: 2)
        // Each worker sees it by itself.
        let hasTakenOver = try await eventually { try await Self.answer(server) != before }
        #expect(hasTakenOver)
      }
    }
  }

  /// What may go wrong with a new version, and the reason as the metric has it.
  enum Mishap: String, CaseIterable {
    case corrupt = "unreadable"
    case halfCopied = "half_copied"
    case examples
    case manifest
    case noFile = "folder"

    func happen(to repository: IrisRepository) throws {
      let version = repository.root.appending(path: "iris/2")
      switch self {
      case .corrupt:
        let file = repository.root.deletingLastPathComponent().appending(path: "bad.json")
        try Data("{\"learner\": nonsense".utf8).write(to: file)
        try repository.add("iris", version: "2", file: file)
      case .halfCopied:
        try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
        let bytes = try Data(contentsOf: HotSwapTests.new)
        try bytes.prefix(bytes.count / 2).write(to: version.appending(path: "model.json"))
      case .examples:
        try repository.add(
          "iris", version: "2", file: HotSwapTests.new,
          examples: "[{\"row\":[5.9,3.2,4.8,1.8],\"prediction\":[0.9,0.05,0.05]}]")
      case .manifest:
        try repository.add("iris", version: "2", file: HotSwapTests.new)
        try Data("{\"labels\": 3}".utf8).write(to: version.appending(path: "manifest.json"))
      case .noFile:
        try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
      }
    }
  }

  @Test(
    "goes on with the old version when the new one is bad, and says why",
    arguments: Mishap.allCases, Layout.allCases)
  func badVersion(_ mishap: Mishap, layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withServer(repository.root) { server in
        let before = try await Self.answer(server)
        let answers = try await underLoad(server) {
          try mishap.happen(to: repository)
          let line = await server.process.logged("model refused", with: ["version": "2"])
          let reason = try #require(line?.fields["reason"])
          let entry = try #require(try await Self.index(server)["2"])
          #expect(entry.state == "UNAVAILABLE")
          #expect(!reason.isEmpty && entry.reason == reason)
        }
        #expect(answers.texts == [before])
        let reason = mishap == .halfCopied ? "unreadable" : mishap.rawValue
        let metrics = try await server.get("/metrics").text
        #expect(
          metrics.contains(
            "coppice_model_load_failures_total{model=\"iris\",reason=\"\(reason)\"}"))
        #expect(metrics.contains("coppice_model_versions_refused{model=\"iris\"} 1"))
        // The rest of the copy comes: now it is a version like any other.
        try Data(contentsOf: Self.new).write(
          to: repository.root.appending(path: "iris/2/model.json"))
        if mishap == .examples || mishap == .manifest {
          try FileManager.default.removeItem(
            at: repository.root.appending(path: "iris/2/manifest.json"))
        }
        _ = await server.process.logged("model loaded", with: ["version": "2"])
        #expect(try await Self.answer(server) != before)
      }
    }
  }

  /// A version in the repository index of the Open Inference Protocol.
  struct IndexEntry: Decodable {
    let name: String
    let version: String
    let state: String
    let reason: String
  }

  /// What the index says of each version of Iris.
  static func index(_ server: CoppiceServer) async throws -> [String: IndexEntry] {
    let reply = try await server.post("/v2/repository/index", "{}")
    let entries = try JSONDecoder().decode([IndexEntry].self, from: reply.body)
    return Dictionary(
      uniqueKeysWithValues: entries.filter { $0.name == "iris" }.map { ($0.version, $0) })
  }

  @Test("goes on with a version whose folder is removed", arguments: Layout.allCases)
  func removed(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try repository.add(
        "other", version: "1", file: IrisRepository.fixture("3.1.1/iris-softprob.json"))
      try await layout.withServer(repository.root) { server in
        let path = Self.path + "&model=iris"
        let before = try await Self.answer(server, path)
        let answers = try await underLoad(server, path) {
          try FileManager.default.removeItem(at: repository.root.appending(path: "iris"))
          // Seen after the removal, so that has been taken in too.
          try repository.add("third", version: "1", file: Self.new)
          _ = await server.process.logged("model loaded", with: ["model": "third"])
        }
        #expect(answers.texts == [before])
        let line = await server.process.logged("model folder gone", with: ["model": "iris"])
        let reason = try #require(line?.fields["reason"])
        let entry = try #require(try await Self.index(server)["1"])
        #expect(entry.state == "READY" && !reason.isEmpty && entry.reason == reason)
        let metrics = try await server.get("/metrics").text
        #expect(metrics.contains("coppice_model_versions_gone{model=\"iris\"} 1"))
      }
    }
  }

  @Test(
    "starts with the next older version when the newest cannot be loaded",
    arguments: Layout.allCases)
  func startsWithOlder(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try Mishap.corrupt.happen(to: repository)
      try await layout.withServer(repository.root, workers: 1) { server in
        let reply = try await server.post(Self.path, QueueTests.body)
        #expect(reply.status == 200)
      }
    }
  }

  @Test(
    "keeps the versions that the policy names and serves each by its name",
    arguments: Layout.allCases)
  func policy(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try repository.add("iris", version: "2", file: Self.new)
      try repository.add("iris", version: "nightly", file: Self.old)
      for (policy, served) in [
        ("latest", ["2"]), ("all", ["1", "2", "nightly"]), ("1,nightly", ["1", "nightly"]),
      ] {
        try await layout.withServer(
          repository.root, ["--version-policy", policy], workers: 1
        ) { server in
          for version in ["1", "2", "nightly"] {
            let reply = try await server.post(Self.path + "&version=" + version, QueueTests.body)
            #expect(reply.status == (served.contains(version) ? 200 : 404), "\(policy) \(version)")
          }
        }
      }
      let wrong = try CoppiceProcess(["serve", repository.root.path, "--version-policy", "1,,2"])
      #expect(await wrong.exitCode() == 64)
    }
  }

  @Test(
    "looks again on SIGHUP, and lets go of versions whose folders are gone",
    arguments: Layout.allCases)
  func hangUp(layout: Layout) async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try repository.add("iris", version: "2", file: Self.new)
      try await layout.withProcesses(repository.root, ["--version-policy", "all"]) {
        server, workers in
        try FileManager.default.removeItem(at: repository.root.appending(path: "iris/1"))
        for process in [server.process] + workers { process.signal(SIGHUP) }
        _ = await server.process.logged("model unloaded", with: ["version": "1"])
        let gone = try await server.post(Self.path + "&version=1", QueueTests.body)
        #expect(gone.status == 404)
        let reply = try await server.post(Self.path, QueueTests.body)
        #expect(reply.status == 200)
      }
    }
  }

  @Test(
    "drops no request and mixes no answer over many swaps, and memory stays flat",
    arguments: Layout.allCases)
  func manySwaps(layout: Layout) async throws {
    let swaps = Int(ProcessInfo.processInfo.environment["COPPICE_SWAPS"] ?? "") ?? 15
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      try await layout.withProcesses(repository.root) { server, workers in
        let first = try await Self.answer(server)
        try repository.add("iris", version: "2", file: Self.new)
        _ = await server.process.logged("model unloaded", with: ["version": "1"])
        let second = try await Self.answer(server)
        let processes = [server.process] + workers
        var early: [Double] = []
        let answers = try await underLoad(server) {
          for version in 3..<3 + swaps {
            try repository.add(
              "iris", version: "\(version)", file: version.isMultiple(of: 2) ? Self.new : Self.old)
            _ = await server.process.logged("model unloaded", with: ["version": "\(version - 1)"])
            // The one before it may still be what accepted jobs were promised.
            try FileManager.default.removeItem(
              at: repository.root.appending(path: "iris/\(version - 2)"))
            if version == 3 + swaps / 5 { early = try processes.map { try residentMiB($0.pid) } }
          }
        }
        #expect(answers.texts == [first, second])
        let late = try processes.map { try residentMiB($0.pid) }
        print(
          "\(layout): \(swaps) swaps, \(answers.total) requests, \(early) MiB, then \(late) MiB")
        for (early, late) in zip(early, late) { #expect(late < early * 1.3 + 10) }
      }
    }
  }
}

/// The memory that a process holds, as Linux tells it; 0 elsewhere.
private func residentMiB(_ pid: Int32) throws -> Double {
  guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
    let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
    let kilobytes = Double(line.filter(\.isNumber))
  else { return 0 }
  return (kilobytes / 102.4).rounded() / 10
}
