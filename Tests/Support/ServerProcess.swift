import Foundation

/// One run of `redis-server`.
final class ServerProcess: Sendable {
  private let process: Process
  private let ready: AsyncStream<Bool>
  private let exited: AsyncStream<Void>

  init(arguments: [String], launcher: [String] = []) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = launcher + ["redis-server"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    let (ready, readiness) = AsyncStream.makeStream(of: Bool.self)
    let (exited, exit) = AsyncStream.makeStream(of: Void.self)
    // A thread of its own that reads to the end: a readability handler may outlive its pipe.
    let reader = Thread {
      var text = ""
      while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
        text += String(decoding: data, as: UTF8.self)
        if text.contains("eady to accept connections") {
          readiness.yield(true)
          text = ""
        }
      }
      readiness.yield(false)
    }
    process.terminationHandler = { _ in
      exit.finish()
    }
    self.ready = ready
    self.exited = exited
    self.process = process
    try process.run()
    reader.start()
  }

  func untilReady() async throws {
    for await isReady in ready {
      if isReady { return }
      break
    }
    throw SupportError("redis-server did not start; is it installed?")
  }

  func signal(_ number: Int32) { Foundation.kill(process.processIdentifier, number) }

  func kill() async {
    signal(SIGKILL)
    for await _ in exited {}
  }
}
