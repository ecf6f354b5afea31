import Foundation
import Synchronization

/// One run of `redis-server`.
final class ServerProcess: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let process: Process
  private let ready: AsyncStream<Bool>
  private let exited: AsyncStream<Void>

  init(arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["redis-server"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    let (ready, readiness) = AsyncStream.makeStream(of: Bool.self)
    let (exited, exit) = AsyncStream.makeStream(of: Void.self)
    let text = Mutex("")
    output.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      guard !data.isEmpty else {
        handle.readabilityHandler = nil
        readiness.yield(false)
        return
      }
      text.withLock {
        $0 += String(decoding: data, as: UTF8.self)
        if $0.contains("eady to accept connections") { readiness.yield(true) }
      }
    }
    process.terminationHandler = { _ in
      readiness.yield(false)
      exit.finish()
    }
    self.ready = ready
    self.exited = exited
    self.process = process
    try process.run()
  }

  func untilReady() async throws {
    for await isReady in ready {
      if isReady { return }
      break
    }
    throw Failure(description: "redis-server did not start; is it installed?")
  }

  func signal(_ number: Int32) { Foundation.kill(process.processIdentifier, number) }

  func kill() async {
    signal(SIGKILL)
    for await _ in exited {}
  }
}
