import Foundation
import TestSupport
import Testing

/// Files that ask for far more than they have, through the real binary under a limit of memory.
struct HostileFileTests {
  private static let fixtures = IrisRepository.fixture("").deletingLastPathComponent()

  static let files = try! ["hostile", "pickle/hostile"].flatMap { folder in
    try FileManager.default.contentsOfDirectory(atPath: fixtures.appending(path: folder).path)
      .filter { !$0.hasSuffix(".py") && !$0.hasSuffix(".md") }.map { "\(folder)/\($0)" }
  }.sorted()

  @Test("The fixtures are there, of every format")
  func fixturesExist() {
    for ending in [".json.xz", ".ubj", ".bin", ".txt", ".pkl", ".onnx", ".cbm", ".gz", ".bz2"] {
      #expect(Self.files.contains { $0.hasSuffix(ending) }, "\(ending)")
    }
  }

  #if os(Linux)
    @Test("Each is one error, in 5 s and 256 MiB more than the program takes for a small model")
    func bounded() async throws {
      // Seconds of the processor, not of the clock: the machine may be busy.
      let script = """
        ulimit -v "$1"
        ulimit -t 5
        exec timeout -s KILL 60 "$2" inspect "$3"
        """
      func run(_ file: URL) throws -> (code: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
          "-c", script, "sh", String(Self.limit), CoppiceProcess.binary, file.path,
        ]
        process.environment = ["MALLOC_ARENA_MAX": "1", "SWIFT_BACKTRACE": "enable=no"]
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
      }
      #expect(try run(IrisRepository.fixture("1.7.6/iris-softprob.json")).code == 0)
      for name in Self.files {
        let (code, errors) = try run(Self.fixtures.appending(path: name))
        #expect(code == 1, "\(name): \(errors)")
        #expect(errors.hasPrefix("Error: ") && errors.filter(\.isNewline).count == 1, "\(name)")
      }
    }

    /// Kilobytes of addresses: what a small model takes, most of it code, and 256 MiB.
    private static let limit = (128 + 256) * 1024
  #endif
}
