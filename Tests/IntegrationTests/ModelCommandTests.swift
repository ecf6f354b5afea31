import Foundation
import TestSupport
import Testing

@Suite("The commands for model files")
struct ModelCommandTests {
  static let iris = IrisRepository.fixture("3.4.1/iris-softprob.json").path

  @Test("inspect tells the format, the trees and the features with bars, on stdout")
  func inspect() async throws {
    let process = try CoppiceProcess(["inspect", Self.iris])
    #expect(await process.exitCode() == 0)
    #expect(process.lines.isEmpty)
    for text in [
      "xgboost_json, xgboost 3.4.1", "multi:softprob (multiclass-classification)", "3: 0, 1, 2",
      "300, depth", "petal_length", "█", " %", "engine",
    ] {
      #expect(process.output.contains(text), "\(text)")
    }
  }

  @Test("inspect --json tells the same to programs")
  func inspectJSON() async throws {
    struct Report: Decodable {
      struct Feature: Decodable {
        let name: String
        let importance: Double
      }
      let format: String
      let bytes: Int
      let importance: String
      let features: [Feature]
    }
    let process = try CoppiceProcess(["inspect", Self.iris, "--json"])
    #expect(await process.exitCode() == 0)
    let report = try JSONDecoder().decode(Report.self, from: Data(process.output.utf8))
    #expect(report.format == "xgboost_json")
    #expect(report.bytes == (try Data(contentsOf: URL(filePath: Self.iris))).count)
    #expect(report.importance == "gain")
    #expect(report.features.map(\.name) == IrisRepository.features)
    #expect(abs(report.features.map(\.importance).reduce(0, +) - 1) < 1e-9)
  }

  @Test("An old binary is converted, and the copy verifies against the recorded answers")
  func convert() async throws {
    try await withTemporaryFolder { folder in
      let old = IrisRepository.fixture("0.90/old-logistic.bin")
      let answers = folder.appending(path: "answers.json")
      try recorded("0.90/old-logistic").write(to: answers)
      for name in ["model.ubj", "model.json"] {
        let copy = folder.appending(path: name).path
        let convert = try CoppiceProcess(["convert", old.path, "-o", copy])
        #expect(await convert.exitCode() == 0)
        #expect(convert.output == copy + "\n")
        for model in [old.path, copy] {
          let verify = try CoppiceProcess(["verify", model, "--against", answers.path])
          #expect(await verify.exitCode() == 0, "\(verify.lines)")
          #expect(verify.output.contains("rows, largest difference"))
        }
      }
      let other = IrisRepository.fixture("0.90/old-poisson.bin").path
      let verify = try CoppiceProcess(["verify", other, "--against", answers.path])
      #expect(await verify.exitCode() == 1)
      #expect(verify.lines.contains { $0.message.contains("expected") })
    }
  }

  @Test("verify checks the examples of the manifest")
  func verifyManifest() async throws {
    try await withTemporaryFolder { folder in
      let repository = IrisRepository(emptyIn: folder)
      let (rows, answers) = try IrisRepository.recorded()
      for (version, answer) in [("1", answers[0]), ("2", answers[0].reversed())] {
        try repository.add(
          "iris", version: version, file: IrisRepository.fixture("1.7.6/iris-softprob.json"),
          examples: "[{\"row\":\(rows[0]),\"prediction\":\(answer)}]")
      }
      let sound = try CoppiceProcess(["verify", "\(repository.root.path)/iris/1"])
      #expect(await sound.exitCode() == 0)
      #expect(sound.output.hasPrefix("1 rows"))
      let wrong = try CoppiceProcess(["verify", "\(repository.root.path)/iris/2"])
      #expect(await wrong.exitCode() == 1)
    }
  }

  @Test(
    "What cannot be done ends with one line on stderr and its exit code",
    arguments: [
      (["inspect", "/nonexistent"], 1, "no such file"),
      (
        ["convert", "FIXTURES/lightgbm/4.7.0/zero-as-missing.txt", "-o", "/tmp/x.ubj"], 1,
        "cannot say"
      ),
      (["convert", "FIXTURES/xgboost/3.4.1/dart.json", "-o", "model.bin"], 64, ".ubj"),
      (["verify", "FIXTURES/xgboost/3.4.1/dart.json"], 1, "--against"),
    ] as [([String], Int32, String)])
  func refused(arguments: [String], code: Int32, message: String) async throws {
    let fixtures = IrisRepository.fixture("").deletingLastPathComponent().path
    let process = try CoppiceProcess(arguments.map { $0.replacing("FIXTURES", with: fixtures) })
    #expect(await process.exitCode() == code)
    #expect(process.output.isEmpty)
    #expect(process.lines.contains { $0.message.contains(message) }, "\(process.lines)")
  }

  /// The rows and answers of a fixture as `verify` takes them.
  private func recorded(_ name: String) throws -> Data {
    struct Recording: Decodable {
      let columns: Int
      let rows: [UInt32]
      let margins: [UInt32]
      let predictions: [UInt32]
    }
    let recording = try JSONDecoder().decode(
      Recording.self, from: Data(contentsOf: IrisRepository.fixture("\(name).expected.json")))
    let values = recording.rows.map(Float.init(bitPattern:))
    let rows = stride(from: 0, to: values.count, by: recording.columns).map { start in
      values[start..<start + recording.columns].map { $0.isNaN ? "null" : "\($0)" }
        .joined(separator: ",")
    }
    func numbers(_ bits: [UInt32]) -> String { "\(bits.map(Float.init(bitPattern:)))" }
    return Data(
      """
      {"rows":[\(rows.map { "[\($0)]" }.joined(separator: ","))],
       "margins":\(numbers(recording.margins)),"predictions":\(numbers(recording.predictions))}
      """.utf8)
  }
}
