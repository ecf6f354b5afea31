import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix

/// `coppice healthcheck`: asks a server or worker on this machine whether it is ready.
struct HealthcheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck",
    abstract: "Ask a running server or worker whether it is ready; exit 0 if it is.")

  @Option(help: "The port that it listens on.")
  var port = 10000

  @Option(help: "How long to wait, in seconds.")
  var healthcheckTimeout = 3.0

  func run() async throws {
    let status: HTTPResponseStatus
    do {
      status = try await firstAnswer()
    } catch {
      throw CommandError("nothing answers on port \(port): \(error)")
    }
    print(status.code == 200 ? "ready" : "not ready: \(status)")
    guard status.code == 200 else { throw ExitCode.failure }
  }

  private func firstAnswer() async throws -> HTTPResponseStatus {
    try await withThrowingTaskGroup(of: HTTPResponseStatus.self) { group in
      group.addTask { try await readiness() }
      group.addTask {
        try await Task.sleep(for: .seconds(healthcheckTimeout))
        throw CommandError("no answer within \(healthcheckTimeout) s")
      }
      defer { group.cancelAll() }
      return try await group.next()!
    }
  }

  private func readiness() async throws -> HTTPResponseStatus {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      let headers: HTTPHeaders = ["Host": "localhost", "Connection": "close"]
      try await outbound.write(
        .head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/readyz", headers: headers)))
      try await outbound.write(.end(nil))
      for try await case .head(let head) in inbound { return head.status }
      throw CommandError("the connection was closed without an answer")
    }
  }
}
