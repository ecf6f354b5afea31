import Foundation

/// Processes whose clock is wrong, by the library `libfaketime`.
enum ClockSkew {
  private static let library: String? = {
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
    return folders.map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// Whether the library is installed; `make test` and `make chaos` see to it on Linux.
  static let isPossible = library != nil

  /// What must start the process: the library puts a variable into the environment of the first process
  /// that has it, and Swift then looks for its arguments in vain.
  static let launcher = ["env"]

  /// The environment of a process whose clock is this far ahead; what measures time goes right.
  static func environment(seconds: Int) -> [String: String] {
    [
      "LD_PRELOAD": library ?? "", "FAKETIME": "\(seconds >= 0 ? "+" : "")\(seconds)s",
      "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    ]
  }
}
