import Foundation
import Testing

@testable import ModelFormats

/// Pickles that are cut, damaged or made to do harm: each is one clear error, soon, and nothing runs.
@Suite(.timeLimit(.minutes(5)))
struct PickleHostileTests {
  @Test(
    "A pickle that asks for anything unknown is refused with the name and the place",
    arguments: [
      ("cos\nsystem\n(S'%'\ntR.", "os.system", 0),
      ("cposix\nsystem\n(S'%'\ntR.", "posix.system", 0),
      ("(S'%'\nios\nsystem\n.", "os.system", "(S'%'\n".utf8.count),
      ("(cos\nsystem\nS'%'\no.", "os.system", 1),
      ("(lp0\nc__builtin__\neval\n(S'%'\ntR.", "eval", 5),
      ("cbuiltins\nexec\n(S'%'\ntR.", "builtins.exec", 0),
      ("cbuiltins\ngetattr\n(cos\nsystem\nS'x'\ntR.", "builtins.getattr", 0),
      ("csubprocess\nPopen\n(S'%'\ntR.", "subprocess.Popen", 0),
      ("cxgboost.core\nBooster.__init__.__globals__\n.", "Booster.__init__.__globals__", 0),
      ("\u{80}\u{4}\u{8C}\u{2}os\u{8C}\u{6}system\u{93}\u{8C}\u{1}x\u{85}R.", "os.system", 14),
      ("\u{80}\u{2}cmy.module\nModel\n)\u{81}.", "my.module.Model", 2),
      ("c\u{1B}[31m\nred\n.", "?[31m.red", 0),
    ] as [(String, String, Int)])
  func unknown(pickle: String, name: String, offset: Int) throws {
    let trace = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path
    let error = try refusal(bytes(pickle.replacing("%", with: "touch \(trace)")))
    #expect(error.code == .unsupported)
    #expect(error.message.contains(name), "\(error)")
    #expect(error.remedy?.contains("nothing was run") == true)
    let place = pickle.prefix(upTo: pickle.firstIndex(of: "%") ?? pickle.startIndex).utf8.count
    let moved = place > 0 && offset > place ? "touch \(trace)".utf8.count - 1 : 0
    #expect(error.offset == offset + moved)
    #expect(!FileManager.default.fileExists(atPath: trace))
  }

  @Test(
    "Known functions take what real pickles give them, and nothing else",
    arguments: [
      // A text in another encoding, numbers as bytes, arrays that their bytes do not fill.
      "c_codecs\nencode\n(Vtext\nVrot13\ntR.", "c_codecs\nencode\n(I1\nVlatin1\ntR.",
      "cbuiltins\nbytearray\n(I2000000000\ntR.", "cbuiltins\nlist\n(I9\ntR.",
      "ccopyreg\n_reconstructor\n(cxgboost.core\nBooster\ncbuiltins\ndict\nNtR.",
      "cnumpy\ndtype\n(S'f99999999999'\ntR.", "cnumpy\ndtype\n(S'q8'\ntR.",
      "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\ntRS'abc'\ntR.",
      "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I3\ntcnumpy\ndtype\n(S'f8'\ntRI0\nS'abc'\ntb.",
      "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(L4611686018427387904L\nI4\nt"
        + "cnumpy\ndtype\n(S'f8'\ntRI0\nS''\ntb.",
      "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(L4611686018427387904L\nI4\nI0\nt"
        + "cnumpy\ndtype\n(S'f8'\ntRI0\nS''\ntb.",
      "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I-1\nt"
        + "cnumpy\ndtype\n(S'f8'\ntRI0\nS''\ntb.",
    ])
  func arguments(pickle: String) throws {
    let error = try refusal(bytes(pickle))
    #expect(error.code == .malformed || error.code == .unsupported)
    #expect(error.offset != nil)
  }

  @Test(
    "Instructions without what they need are refused with the place",
    arguments: [
      "(0\u{85}.", "(R.", "(t0R.", "(b.", "(a.", "(]a.", "(1.", "(e.", "(Ns.", "(Nu.", "(I1\nd.",
      "(I1\n(u.", "(g5\n.", "(h\u{7}.", "(Ix\n.", "(Fx\n.", "(Sx\n.", "(V\\u12\n.", "(p0\n.",
      "(NNR.", "(I1\nNb.", "(N)\u{81}.", "(NN\u{93}.",
      "(\u{95}\u{FF}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"
        + "\u{0}.", "(\u{80}\u{9}.", "(\u{FE}.", "(Pid\n.", "(NQ.", "(\u{82}\u{1}.", "(\u{97}.",
      "(I1\np-1\n.", "(I1\nr\u{FF}\u{FF}\u{FF}\u{FF}.", "(q.",
    ])
  func instructions(pickle: String) throws {
    let error = try refusal(bytes(pickle))
    #expect(error.offset != nil, "\(error)")
    #expect(error.code != .unknownFormat)
  }

  @Test(
    "Lengths that the bytes do not hold are refused",
    arguments: [
      "X\u{0}\u{0}\u{0}\u{80}", "T\u{FF}\u{FF}\u{FF}\u{7F}", "T\u{FF}\u{FF}\u{FF}\u{FF}",
      "B\u{0}\u{0}\u{0}\u{80}", "\u{8B}\u{FF}\u{FF}\u{FF}\u{7F}", "\u{8B}\u{FF}\u{FF}\u{FF}\u{FF}",
      "\u{8D}\u{0}\u{0}\u{0}\u{80}\u{0}\u{0}\u{0}\u{0}",
      "\u{8E}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}",
      "\u{96}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{80}",
      "\u{95}\u{0}\u{0}\u{0}\u{80}\u{0}\u{0}\u{0}\u{0}",
    ])
  func announcements(instruction: String) throws {
    let filling = [UInt8](repeating: 0x2E, count: 1000)
    let error = try refusal([0x80, 4] + bytes(instruction) + filling)
    #expect(error.code == .malformed)
    #expect(error.offset == 2)
  }

  @Test(
    "Pickles that make more than their share are refused",
    arguments: [
      ("]", "objects"), ("}", "objects"), ("N", "values"), ("(", "values"), ("N2", "values"),
      ("Vtext\n", "objects"), (")", "objects"),
    ])
  func tooMuch(unit: String, message: String) throws {
    let pickle = [0x80, 2] + [UInt8](bytes(String(repeating: unit, count: 4_500_000)))
    let error = try refusal(pickle)
    #expect(error.code == .tooLarge)
    #expect(error.message.contains(message), "\(error)")
  }

  @Test("Lists of lists of lists that share each other are not expanded")
  func sharedLists() throws {
    // Each holds the one before it ten times: 10^60 paths.
    var pickle = "]p0\n"
    for level in 0..<60 {
      let fetch = "g\(level)\n"
      pickle += "](" + String(repeating: fetch, count: 10) + "ep\(level + 1)\n"
    }
    #expect(try refusal(bytes(pickle + ".")).code == .unknownFormat)
  }

  @Test("A list that holds itself is no model")
  func cycle() throws {
    #expect(try refusal(bytes("]p0\ng0\na.")).code == .unknownFormat)
  }

  @Test("Deep nesting needs no stack")
  func deep() throws {
    let count = 400_000
    for pickle in [
      String(repeating: "]", count: count) + String(repeating: "a", count: count - 1),
      ")" + String(repeating: "\u{85}", count: count),
    ] {
      #expect(try refusal(bytes("\u{80}\u{2}" + pickle + ".")).code == .unknownFormat)
    }
  }

  @Test("A text that is encoded over and over is refused")
  func encodings() throws {
    let text = String(repeating: "x", count: 100_000)
    let call = String(repeating: "g0\n(g1\ng2\ntR0", count: 1000)
    let error = try refusal(
      bytes("c_codecs\nencode\np0\nV\(text)\np1\nVlatin1\np2\n" + call + "."))
    #expect(error.code == .tooLarge)
  }

  @Test("A list that is copied over and over is refused")
  func copies() throws {
    let list = "](" + String(repeating: "N", count: 10_000) + "ep0\n"
    let calls = String(repeating: "cbuiltins\nset\n(g0\ntRNa0", count: 1000)
    #expect(try refusal(bytes("N0" + list + calls + ".", start: "\u{80}\u{2}")).code == .tooLarge)
  }

  @Test(
    "A pickle that is cut anywhere is refused",
    arguments: ["classifier-0", "classifier-2", "classifier-4"])
  func truncated(name: String) throws {
    let bytes = try PickleFixture(path: "pickle/xgboost-1.7.6/\(name).pkl").bytes()
    _ = try TreeModel.read(bytes)
    for count in stride(from: 0, to: bytes.count, by: name == "classifier-4" ? 1 : 7) {
      #expect(throws: ModelFormatError.self) { try TreeModel.read(Array(bytes[..<count])) }
    }
  }

  @Test(
    "A damaged pickle gives a model or an error, never a crash", arguments: PickleFixture.varied)
  func damaged(fixture: PickleFixture) throws {
    try expectModelOrError(fixture.bytes(), seed: 4, count: 300)
  }

  @Test(
    "Models that are not read are named",
    arguments: [
      ("xgboost-0.72.1/early-stopping", "best round"),
      ("sklearn-1.9.1/texts-tree", "only if the classes of each are numbers"),
    ])
  func refused(name: String, message: String) throws {
    let file = PickleFixture(path: "pickle/\(name).refused.pkl").file
    let error = try #require(throws: ModelFormatError.self) {
      try TreeModel.read(contentsOf: file)
    }
    #expect(error.code == .unsupported)
    #expect(error.message.contains(message))
    #expect(error.path != nil)
    #expect(error.remedy != nil)
  }

  @Test("Two models in one pickle are refused")
  func twoModels() throws {
    let booster = "cxgboost.core\nBooster\n)\u{81}"
    let error = try refusal(bytes("](" + booster + booster + "e.", start: "\u{80}\u{2}"))
    #expect(error.message.contains("2 models"))
    #expect(error.message.contains("[1]"))
  }

  // MARK: Making pickles

  /// The bytes of a text whose letters stand for one byte each.
  private func bytes(_ text: String, start: String = "") -> [UInt8] {
    (start + text).unicodeScalars.map { UInt8($0.value) }
  }
}
