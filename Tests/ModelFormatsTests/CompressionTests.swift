import Forest
import Foundation
import Testing

@testable import ModelFormats

/// Compressed files that are cut, or that become far more than they are.
@Suite(.timeLimit(.minutes(5)))
struct CompressionTests {
  @Test(
    "A bomb is refused before it fills the memory",
    arguments: [("zeros.gz", 100), ("zeros.xz", 20), ("zeros.bz2", 1)])
  func bombs(name: String, copies: Int) throws {
    // Each holds some MiB of zeros; several one after another are one file too.
    let one = Array(try Data(contentsOf: Fixture.folder.appending(path: "compression/\(name)")))
    let bytes = Array([[UInt8]](repeating: one, count: copies).joined())
    #expect(bytes.count < 1 << 18)
    let error = try #require(throws: ModelFormatError.self) { try TreeModel.read(bytes) }
    #expect(error.code == .tooLarge)
    #expect(error.message.contains("become more than"))
  }

  @Test("A dictionary of gigabytes is not made")
  func dictionary() throws {
    let header: [UInt8] = [0x5D, 0, 0, 0, 0x80] + [UInt8](repeating: 0xFF, count: 8)
    let error = try #require(throws: ModelFormatError.self) {
      try TreeModel.read(header + [UInt8](repeating: 0, count: 64))
    }
    #expect(error.code == .tooLarge)
    #expect(error.message.contains("MiB"))
  }

  @Test(
    "A file that is cut anywhere is refused, and so is one that goes on",
    arguments: [
      "joblib-zlib.joblib", "joblib-gzip.joblib", "joblib-bz2.joblib", "joblib-lzma.joblib",
      "joblib-xz.joblib", "joblib-plain.joblib",
    ])
  func truncated(name: String) throws {
    let bytes = try PickleFixture(path: "pickle/sklearn-1.9.1/\(name)").bytes()
    _ = try TreeModel.read(bytes)
    for count in stride(from: 0, to: bytes.count, by: 13) {
      #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
    }
    guard name != "joblib-plain.joblib" else { return }
    let error = try #require(throws: ModelFormatError.self) { try TreeModel.read(bytes + [1, 2]) }
    #expect(error.code == .malformed)
  }

  @Test("A model of any format may be compressed")
  func otherFormats() throws {
    let file = Fixture.folder.appending(path: "compression/reg-gamma.json.gz")
    let model = try TreeModel.read(contentsOf: file.path)
    #expect(model.format == .xgboostJSON)
    let plain = try Fixture(name: "xgboost/3.4.1/reg-gamma").model("json")
    #expect(try model.soleForest().trees == plain.soleForest().trees)
  }
}
