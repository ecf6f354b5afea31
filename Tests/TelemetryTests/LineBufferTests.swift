import Logging
import Synchronization
import Telemetry
import TestSupport
import Testing

@Suite("Lines of the log")
struct LineBufferTests {
  /// What was given on, write by write.
  private final class Output: Sendable {
    private let pieces = Mutex<[String]>([])
    var texts: [String] { pieces.withLock { $0 } }
    var all: String { texts.joined() }
    func write(_ text: String) { pieces.withLock { $0.append(text) } }
  }

  @Test("a line is given on soon, by itself")
  func delay() async {
    let output = Output()
    let lines = LineBuffer(write: output.write)
    for line in ["one\n", "two\n"] {
      lines.append(line)
      #expect(await eventually { output.all.hasSuffix(line) })
    }
    #expect(output.all == "one\ntwo\n")
  }

  @Test("an urgent line takes those before it along, at once")
  func urgent() {
    let output = Output()
    let lines = LineBuffer(write: output.write)
    lines.append("one\n", isUrgent: true)
    #expect(output.texts == ["one\n"])
    lines.append("two\n")
    lines.append("three\n", isUrgent: true)
    #expect(output.all == "one\ntwo\nthree\n")
  }

  @Test("lines of several threads come whole, each thread's in order, in writes that pipes take")
  func threads() async {
    let output = Output()
    let lines = LineBuffer(write: output.write)
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<4 {
        group.addTask {
          for number in 0..<2000 { lines.append("\(thread) \(number)\n") }
        }
      }
    }
    lines.flush()
    let found = output.all.split(separator: "\n").map { $0.split(separator: " ") }
    for thread in 0..<4 {
      #expect(
        found.filter { $0.first == "\(thread)" }.map { $0.last.flatMap { Int($0) } }
          == Array(0..<2000))
    }
    #expect(output.texts.allSatisfy { $0.utf8.count <= 4096 && $0.hasSuffix("\n") })
    #expect(output.texts.count < 800)
  }

  @Test("a line that is larger than a write is given on whole")
  func long() {
    let output = Output()
    let lines = LineBuffer(write: output.write)
    let long = String(repeating: "x", count: 10000) + "\n"
    for line in ["a\n", long, "b\n"] { lines.append(line) }
    lines.flush()
    #expect(output.texts == ["a\n", long, "b\n"])
  }

  @Test("warnings do not wait")
  func levels() {
    let output = Output()
    let lines = LineBuffer(write: output.write)
    let logger = Logger(label: "test") {
      LineLogHandler(label: $0, format: .text, level: .info, lines: lines)
    }
    logger.info("first", metadata: ["b": "two words", "a": "1"])
    logger.warning("second")
    let found = output.all.split(separator: "\n").map { $0.drop { $0 != " " } }
    #expect(found == [" info first a=1 b=\"two words\"", " warning second"])
  }
}
