import Forest
import Foundation
import Testing

@testable import Training

/// Other XGBoost libraries to test, separated by colons; without it only the system's is.
private let otherLibraries =
  ProcessInfo.processInfo.environment["COPPICE_TEST_XGBOOST_LIBRARIES"]?
  .split(separator: ":").map(String.init) ?? []

@Suite("XGBoost's library is opened at run time")
struct XGBoostLibraryTests {
  @Test("where the system has it")
  func system() throws {
    let library = try XGBoostLibrary.open(searchPath: "")
    #expect(library.version.split(separator: ".").count == 3)
  }

  @Test("and its absence is told with the way to get it")
  func missing() throws {
    let error = try #require(throws: XGBoostError.self) {
      try XGBoostLibrary.first(of: ["libxgboost-that-nobody-has.so"])
    }
    #expect(error.code == .libraryMissing)
    #expect(error.message.contains("not installed; get it with: "))
    #expect(
      ["apt-get install libxgboost0", "brew install", "pip install"].contains {
        error.message.contains($0)
      })
  }

  @Test("only from the path that is named")
  func named() throws {
    let error = try #require(throws: XGBoostError.self) {
      try XGBoostLibrary.open("/nowhere/libxgboost.so")
    }
    #expect(error.code == .libraryMissing)
    #expect(error.message.hasPrefix("the library cannot be opened: /nowhere/libxgboost.so"))
  }

  @Test("and another library, or a file that is none, is refused")
  func other() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appending(path: "libxgboost.so").path
    try Data("no library".utf8).write(to: URL(filePath: text))
    let error = try #require(throws: XGBoostError.self) { try XGBoostLibrary.first(of: [text]) }
    #expect(error.message.contains("the library cannot be opened: \(text)"))
    #if os(Linux)
      let alien = try #require(throws: XGBoostError.self) { try XGBoostLibrary(path: "libm.so.6") }
      #expect(alien.code == .libraryUnsupported)
      #expect(alien.message.contains("this is not XGBoost 1.7 or newer"))
    #endif
  }

  @Test("also inside the package of a python3 on the search path")
  func wheel() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    defer { try? FileManager.default.removeItem(at: root) }
    let library = root.appending(path: "lib/python3.12/site-packages/xgboost/lib/libxgboost.so")
    for file in [root.appending(path: "bin/python3"), library] {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: file)
    }
    let found = XGBoostLibrary.wheels(on: "/nowhere:\(root.path)/bin")
    #expect(found.map { URL(filePath: $0).standardized.path } == [library.standardized.path])
  }

  // In a process each: two versions of the library in one would share some of their variables.
  @Test("in other versions too, with the same results", arguments: otherLibraries)
  func otherVersion(path: String) async {
    await #expect(processExitsWith: .success) { [path] in
      let iris = try train(BundledTable.iris.table(), rounds: 100, library: path)
      try #require(iris.metrics["test_accuracy"]! > 0.8)
      try #require(try ModelFile(iris).trees.count == 300)
      try #require(try ModelFile(iris).learner.feature_names == iris.features.map(\.name))
      let coloured = try train(colouredTable(), rounds: 50, library: path)
      try #require(coloured.metrics["test_rmse"]! < 0.2)
      let stopped = try train(noisyTable(), rounds: 200, earlyStoppingRounds: 5, library: path)
      let exact = try train(noisyTable(), rounds: stopped.rounds, library: path)
      try #require(stopped.rounds < 100 && stopped.json == exact.json)
      let error = #expect(throws: XGBoostError.self) {
        try train(BundledTable.iris.table(), parameters: ["max_dept=4"], library: path)
      }
      try #require(error?.code == .unknownParameter)
      let wrong = #expect(throws: XGBoostError.self) {
        try train(BundledTable.iris.table(), parameters: ["eval_metric=beauty"], library: path)
      }
      try #require(wrong?.message.hasSuffix("Unknown metric function beauty") == true)
    }
  }
}
