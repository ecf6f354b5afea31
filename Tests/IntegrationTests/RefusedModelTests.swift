import Foundation
import TestSupport
import Testing

@Suite("A model that cannot be served")
struct RefusedModelTests {
  @Test(
    "stops the start with exit code 1 and one clear line",
    arguments: ["", "{\"learner\":", "\u{0}\u{1}"])
  func damagedFile(_ content: String) async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "model.json")
      try Data(content.utf8).write(to: file)
      let process = try CoppiceProcess(["serve", file.path, "--port", "0", "--no-grpc"])
      #expect(await process.exitCode() == 1)
      #expect(process.lines.contains { $0.message.contains("model.json") })
    }
  }

  @Test("is refused when it does not reproduce the examples of its manifest")
  func wrongExample() async throws {
    try await withTemporaryFolder { folder in
      let repository = IrisRepository(emptyIn: folder)
      try repository.add(
        "iris", version: "1", file: IrisRepository.fixture("1.7.6/iris-softprob.json"),
        examples: "[{\"row\":[5.9,3.2,4.8,1.8],\"prediction\":[0.9,0.05,0.05]}]")
      let process = try CoppiceProcess(["serve", repository.root.path, "--port", "0", "--no-grpc"])
      #expect(await process.exitCode() == 1)
      let refusal = try #require(await process.logged("model refused"))
      #expect(refusal.fields["reason"]?.contains("example 0") == true)
    }
  }

  @Test("is left out while the others are served, unless the start is strict")
  func oneOfTwo() async throws {
    try await withTemporaryFolder { folder in
      let repository = try IrisRepository(in: folder)
      let broken = folder.appending(path: "broken.json")
      try Data("{}".utf8).write(to: broken)
      try repository.add("broken", version: "1", file: broken)
      try await withCoppiceServer([repository.root.path]) { server in
        #expect(server.process.lines.contains { $0.message == "model refused" })
        let reply = try await server.post("/api/predict", "{\"data\":[5.9,3.2,4.8,1.8]}")
        #expect(reply.status == 200)
      }
      let strict = try CoppiceProcess([
        "serve", repository.root.path, "--port", "0", "--no-grpc", "--strict",
      ])
      #expect(await strict.exitCode() == 1)
    }
  }

  @Test("is explained when there is none at all")
  func nothing() async throws {
    let process = try CoppiceProcess(["serve", "/nonexistent", "--port", "0", "--no-grpc"])
    #expect(await process.exitCode() == 1)
    #expect(process.lines.contains { $0.message.contains("coppice train iris") })
  }
}
