import Testing

@testable import JSON

/// Lines of numbers against the standard library, to the last bit.
struct DecimalLinesTests {
  /// Reads lines, with the kernel and without; what stands behind them is not to be read.
  private func read(_ text: String, columns: [Int], width: Int) -> (rows: [[Float]], rest: String) {
    // With as much before and behind as the kernel wants.
    let before = [String](repeating: "1", count: columns.count).joined(separator: ",") + "\n"
    let lineCount = 40
    let padded =
      Array((String(repeating: before, count: lineCount) + text).utf8)
      + [UInt8](repeating: UInt8(ascii: "x"), count: 80)
    let results = [false, true].map { usesVectors in
      var values = [Float](repeating: .nan, count: (1000 + lineCount) * width)
      let read = padded.withUnsafeBytes { bytes in
        values.withUnsafeMutableBufferPointer {
          DecimalLines(columns: columns, width: width, usesVectors: usesVectors)
            .read(bytes, into: $0)
        }
      }
      let rows = (lineCount..<max(lineCount, read.rows)).map {
        Array(values[$0 * width..<($0 + 1) * width])
      }
      let rest = padded.dropFirst(read.bytes).dropLast(80)
      return (rows: rows, rest: String(decoding: rest, as: UTF8.self))
    }
    let (words, vectors) = (results[0], results[1])
    #expect(words.rest == vectors.rest)
    #expect(words.rows.joined().map(\.bitPattern) == vectors.rows.joined().map(\.bitPattern))
    return vectors
  }

  /// Reads rows of texts, each as Swift reads it.
  private func agree(_ lines: [[String]], end: String = "\n") {
    let count = lines[0].count
    let text = lines.map { $0.joined(separator: ",") + end }.joined()
    let (rows, rest) = read(text, columns: Array(0..<count), width: count)
    #expect(rest == "")
    #expect(rows.count == lines.count)
    for (value, text) in zip(rows.joined(), lines.joined()) {
      let wanted = text.isEmpty ? Float.nan : Float(Double(text)!)
      #expect(
        value.bitPattern == wanted.bitPattern || (value.isNaN && wanted.isNaN),
        "\(text) is \(wanted), not \(value)")
    }
  }

  /// Random digits with the point anywhere or nowhere.
  private func number(_ random: inout some RandomNumberGenerator, upTo most: Int) -> String {
    let count = Int.random(in: 1...most, using: &random)
    var text = (0..<count).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
    if Bool.random(using: &random) {
      let place = Int.random(in: 0...count, using: &random)
      text.insert(".", at: text.index(text.startIndex, offsetBy: place))
    }
    return (Bool.random(using: &random) ? "-" : "") + text
  }

  @Test(
    "Every number is the nearest double, rounded to float32", arguments: [1, 2, 7, 28],
    ["\n", "\r\n"])
  func nearest(columns: Int, end: String) {
    var random = Seeded(state: UInt64(columns))
    for most in [7, 15, 19] {
      agree(
        (0..<1000 / columns).map { _ in (0..<columns).map { _ in number(&random, upTo: most) } },
        end: end)
    }
  }

  @Test("An empty cell among others is a missing value")
  func missing() {
    var random = Seeded(state: 3)
    agree(
      (0..<500).map { _ in
        (0..<5).map { _ in random.next() % 3 == 0 ? "" : number(&random, upTo: 10) }
      })
  }

  @Test("Floats and doubles are read as they are written")
  func written() {
    var random = Seeded(state: 9)
    agree(
      (0..<500).map { _ in
        let float = Float.random(in: -10...10, using: &random)
        let double = Double.random(in: -1000...1000, using: &random)
        return [float.description, double.description]
      }.filter { $0.allSatisfy { !$0.contains("e") && $0.utf8.count <= 19 } })
  }

  @Test(
    "Halves between floats, zeros, bare points and long numbers are as the library has them",
    arguments: [
      "0", "-0", "0.0", "-0.0", ".5", "5.", "-.5", "-5.", "00000001", "16777217", "16777219",
      "-16777217.0", "99999999", "99999999.9", "0.00000000000001", "9007199254740993",
      "9007199254740993.0", "9007199254740995.", ".9007199254740993", "1.00000017881393432617",
      "1.0000000596046448", "1.000000059604644", "1.000000178813934", "9999999999999999999",
      "0.9999999999999999999", "340282346638528859.8", "123456789012345678", "1234567.8",
      "12345678",
    ])
  func edges(text: String) {
    let digits = text.utf8.count { 0x30...0x39 ~= $0 }
    guard digits <= 19 else {
      #expect(read(text + "\n", columns: [0], width: 1).rows.isEmpty)
      return
    }
    agree([[text]])
    agree([[text, text, "", ""]], end: "\r\n")
  }

  @Test(
    "It stops before a line that is not plain",
    arguments: [
      "x", "1e5", "-", ".", "-.", "--1", "+1", "1-", "1.2.3", "1 ", " 1", "\"1\"", "nan", "1_0",
      "0x1",
      "1:", "1/", "\u{e9}", "١", "12345678901234567890", "123456789012345678901234567890",
      "1..", "..1", "123456.7.8", "1234567890.12.3", "12345678x", "1234567890x", "\u{0}", "1\u{0}",
      "-\u{0}",
    ])
  func others(cell: String) {
    for line in [cell, "1,\(cell)", "\(cell),1", "1,2,\(cell),4"] {
      let count = line.count { $0 == "," } + 1
      let plain = [String](repeating: "3.5", count: count).joined(separator: ",") + "\n"
      let (rows, rest) = read(
        plain + plain + line + "\n" + plain, columns: Array(0..<count), width: count)
      #expect(rows == [[Float]](repeating: [Float](repeating: 3.5, count: count), count: 2))
      #expect(rest == line + "\n" + plain)
    }
  }

  @Test(
    "It stops before lines with more cells, fewer cells or none",
    arguments: ["1,2", "1,2,3,4", "", ",", "1,2,", "1,2,3,", "\r"])
  func counts(line: String) {
    guard line.count(where: { $0 == "," }) != 2 else {
      return agree([line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)])
    }
    let (rows, rest) = read("7,8,9\n" + line + "\n", columns: [0, 1, 2], width: 3)
    #expect(rows == [[7, 8, 9]])
    #expect(rest == line + "\n")
  }

  @Test("An empty line is no row of one missing value")
  func emptyLine() {
    let (rows, rest) = read("7\n\n8\n", columns: [0], width: 1)
    #expect(rows == [[7]])
    #expect(rest == "\n8\n")
  }

  @Test("Columns go where they belong, and the others stay as they are")
  func places() {
    let (rows, _) = read("1,2\n3,4\n", columns: [3, 1], width: 5)
    #expect(rows.map { [$0[1], $0[3]] } == [[2, 1], [4, 3]])
    #expect(rows.allSatisfy { $0[0].isNaN && $0[2].isNaN && $0[4].isNaN })
  }

  @Test("Lines that end near the end of the bytes, or are not whole, are left")
  func end() {
    let line = "1,2\n"
    let lines = Array([String](repeating: line, count: 80).joined().utf8)
    var values = [Float](repeating: 0, count: 200)
    for count in 0...lines.count {
      let read = lines.withUnsafeBytes { bytes in
        values.withUnsafeMutableBufferPointer {
          DecimalLines(columns: [0, 1], width: 2)
            .read(UnsafeRawBufferPointer(rebasing: bytes[..<count]), into: $0)
        }
      }
      #expect(read.bytes == read.rows * 4)
      #expect(read.bytes <= count)
      #expect(count - read.bytes < 48)
    }
  }

  @Test("It reads no more rows than there is place for")
  func full() {
    let lines = [UInt8]([String](repeating: "1,2\n", count: 100).joined().utf8)
    var values = [Float](repeating: 0, count: 21)
    let read = lines.withUnsafeBytes { bytes in
      values.withUnsafeMutableBufferPointer {
        DecimalLines(columns: [0, 1], width: 2).read(bytes, into: $0)
      }
    }
    #expect(read.rows == 10)
    #expect(read.bytes == 40)
    #expect(values[20] == 0)
  }
}

/// The same numbers in every run.
private struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9 >> 3
  }
}
