import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A `coppice` process under test: the real binary, with its log lines as they are written.
public final class CoppiceProcess: Sendable {
  /// One line of its JSON log.
  public struct LogLine: Sendable {
    /// The constant text.
    public let message: String
    /// Everything in the line, by name; empty for a line that is no JSON.
    public let fields: [String: String]
  }

  private struct Waiter {
    let id: UUID
    let check: @Sendable (LogLine) -> Bool
    /// How many such lines are still to come.
    var count: Int
    let resume: @Sendable (LogLine?) -> Void
  }

  private struct State {
    var lines: [LogLine] = []
    var rest = ""
    var output = Data()
    var waiters: [Waiter] = []
    var exitWaiters: [CheckedContinuation<Int32, Never>] = []
    var exitCode: Int32?
  }

  private let state = Mutex(State())
  private let process = Process()

  /// The path of the binary beside this test's own.
  public static var binary: String {
    ProcessInfo.processInfo.environment["COPPICE_BINARY"]
      ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "coppice").path
  }

  /// No server of a test finds another one's jobs, or a person's.
  private static let noState = FileManager.default.temporaryDirectory
    .appending(path: "coppice-state-\(UUID())").path

  /// Starts the binary; its log is JSON unless the arguments say otherwise.
  ///
  /// - Parameters:
  ///   - launcher: a command that starts it, such as `["ip", "netns", "exec", "name"]`.
  ///   - input: a file that is its standard input.
  public init(
    _ arguments: [String], environment: [String: String] = [:], launcher: [String] = [],
    input: String? = nil
  ) throws {
    process.executableURL = URL(filePath: launcher.isEmpty ? Self.binary : "/usr/bin/env")
    process.arguments = (launcher.isEmpty ? [] : launcher + [Self.binary]) + arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["COPPICE_LOG_FORMAT": "json", "XDG_STATE_HOME": Self.noState]) { _, new in new }
      .merging(environment) { _, new in new }
    process.standardInput =
      try input.map { try FileHandle(forReadingFrom: URL(filePath: $0)) } ?? FileHandle.nullDevice
    let log = Pipe()
    let output = Pipe()
    process.standardError = log
    process.standardOutput = output
    let logDrain = Drain(log) { [weak self] in self?.logged($0) }
    let outputDrain = Drain(output) { [weak self] data in
      self?.state.withLock { $0.output += data }
    }
    process.terminationHandler = { [weak self] process in
      // All that it wrote is in the pipes by now. Their ends may stay open for longer: other
      // processes of the tests can inherit them.
      logDrain.finish()
      outputDrain.finish()
      // What shells say of a process that a signal ended.
      let isSignal = process.terminationReason == .uncaughtSignal
      self?.ended(isSignal ? 128 + process.terminationStatus : process.terminationStatus)
    }
    try process.run()
  }

  deinit {
    if process.isRunning { signal(SIGKILL) }
  }

  /// The process's number.
  public var pid: Int32 { process.processIdentifier }

  /// All lines that it logged so far.
  public var lines: [LogLine] { state.withLock { $0.lines } }

  /// All that it wrote to standard output so far.
  public var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }

  /// Waits until it has logged a line with this message and these fields, for the `count`th time; nil
  /// when it ended without, or the test's time was up.
  public func logged(_ message: String, with fields: [String: String] = [:], count: Int = 1) async
    -> LogLine?
  {
    let id = UUID()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let check: @Sendable (LogLine) -> Bool = { line in
          line.message == message && fields.allSatisfy { line.fields[$0.key] == $0.value }
        }
        let known: LogLine?? = state.withLock { state in
          let lines = state.lines.lazy.filter(check).prefix(count)
          if lines.count == count { return Array(lines).last }
          if state.exitCode != nil || Task.isCancelled { return .some(nil) }
          state.waiters.append(
            Waiter(
              id: id, check: check, count: count - lines.count,
              resume: { continuation.resume(returning: $0) }))
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
      }
      waiter?.resume(nil)
    }
  }

  /// Waits for its end and for the last line of its log; a signal counts as 128 and its number.
  public func exitCode() async -> Int32 {
    await withCheckedContinuation { continuation in
      let code = state.withLock { state in
        if state.exitCode == nil { state.exitWaiters.append(continuation) }
        return state.exitCode
      }
      if let code { continuation.resume(returning: code) }
    }
  }

  /// Sends a signal, such as SIGTERM.
  public func signal(_ number: Int32) { kill(pid, number) }

  private func ended(_ code: Int32) {
    let (waiters, exitWaiters) = state.withLock { state in
      state.exitCode = code
      defer { (state.waiters, state.exitWaiters) = ([], []) }
      return (state.waiters, state.exitWaiters)
    }
    for waiter in waiters { waiter.resume(nil) }
    for waiter in exitWaiters { waiter.resume(returning: code) }
  }

  private func logged(_ data: Data) {
    let resumed: [(LogLine?, @Sendable (LogLine?) -> Void)] = state.withLock { state in
      state.rest += String(decoding: data, as: UTF8.self)
      var resumed: [(LogLine?, @Sendable (LogLine?) -> Void)] = []
      while let end = state.rest.firstIndex(where: \.isNewline) {
        let line = Self.parse(String(state.rest[..<end]))
        state.rest.removeSubrange(...end)
        state.lines.append(line)
        for index in state.waiters.indices.reversed() where state.waiters[index].check(line) {
          state.waiters[index].count -= 1
          if state.waiters[index].count == 0 {
            resumed.append((line, state.waiters.remove(at: index).resume))
          }
        }
      }
      return resumed
    }
    for (line, resume) in resumed { resume(line) }
  }

  /// Lines that are no JSON (an error before the log begins) become a message.
  private static func parse(_ text: String) -> LogLine {
    guard let fields = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)),
      let message = fields["message"]
    else { return LogLine(message: text, fields: [:]) }
    return LogLine(message: message, fields: fields)
  }
}

/// Hands on what is written to a pipe, in order.
private final class Drain: Sendable {
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "drain")
  // Safe: sources are thread-safe, only not declared so.
  private nonisolated(unsafe) let source: any DispatchSourceRead
  // Keeps the descriptor open.
  private let pipe: Pipe
  private let receive: @Sendable (Data) -> Void

  init(_ pipe: Pipe, receive: @escaping @Sendable (Data) -> Void) {
    self.pipe = pipe
    self.receive = receive
    descriptor = pipe.fileHandleForReading.fileDescriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { [weak self] in self?.read() }
    source.resume()
  }

  /// Reads what is there, and nothing after.
  func finish() {
    queue.sync { read() }
    source.cancel()
  }

  private func read() {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = bytes.withUnsafeMutableBytes {
        systemRead(descriptor, $0.baseAddress!, $0.count)
      }
      guard count > 0 else { return }
      receive(Data(bytes[..<count]))
    }
  }
}

#if canImport(Glibc)
  private let systemRead = Glibc.read
#else
  private let systemRead = Darwin.read
#endif
