import NIOCore
import Testing

@testable import Redis

@Suite("RESP3 decoder")
struct RESPDecoderTests {
  static let examples: [(String, RESPValue)] = [
    ("+OK\r\n", .string("OK")),
    ("-ERR no\r\n", .error("ERR no")),
    ("!8\r\nERR a\r\nb\r\n", .error("ERR a\r\nb")),
    (":-42\r\n", .integer(-42)),
    ("$5\r\nhe\r\no\r\n", .string("he\r\no")),
    ("$0\r\n\r\n", .string("")),
    ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null),
    ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)),
    (",1.5\r\n", .double(1.5)), (",inf\r\n", .double(.infinity)),
    ("(12345678901234567890\r\n", .string("12345678901234567890")),
    ("=7\r\ntxt:abc\r\n", .string("abc")),
    ("*0\r\n", .array([])), ("%0\r\n", .map([])),
    ("*2\r\n:1\r\n*1\r\n$1\r\na\r\n", .array([.integer(1), .array([.string("a")])])),
    ("~1\r\n+a\r\n", .array([.string("a")])),
    ("%1\r\n+k\r\n*1\r\n:7\r\n", .map([.string("k"), .array([.integer(7)])])),
    (">2\r\n+a\r\n+b\r\n", .push([.string("a"), .string("b")])),
    ("|1\r\n+ttl\r\n:3\r\n:5\r\n", .integer(5)),
    ("*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", .array([.integer(1), .integer(2)])),
  ]

  @Test("reads every kind of value, however it is cut", arguments: examples)
  func reads(text: String, expected: RESPValue) throws {
    let bytes = Array(text.utf8)
    for size in 1...bytes.count {
      var decoder = RESPDecoder()
      var values: [RESPValue] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        decoder.feed(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        while let value = try decoder.next() { values.append(value) }
      }
      #expect(values == [expected], "in pieces of \(size)")
    }
  }

  @Test("reads values that stand one behind the other")
  func pipeline() throws {
    var decoder = RESPDecoder()
    decoder.feed(ByteBuffer(string: Self.examples.map(\.0).joined()))
    for example in Self.examples { #expect(try decoder.next() == example.1) }
    #expect(try decoder.next() == nil)
  }

  @Test(
    "refuses what is not RESP3",
    arguments: [
      "\r\n", "x\r\n", "GET / HTTP/1.1\r\n", ":\r\n", ":1x\r\n", ":99999999999999999999\r\n",
      "$-2\r\n", "$5\r\nabcdefg\r\n", "$99999999999\r\n", "*99999999999\r\n", "*-2\r\n", "%-1\r\n",
      "*?\r\n", "$?\r\n", "#x\r\n", ",x\r\n", "+a\n", "=1\r\na\r\n",
      String(repeating: "*1\r\n", count: 17), String(repeating: "*1000000\r\n", count: 2),
    ])
  func refuses(text: String) {
    var decoder = RESPDecoder()
    decoder.feed(ByteBuffer(string: text))
    #expect(throws: RESPError.self) { try decoder.next() }
  }

  @Test("refuses a line without end")
  func endlessLine() {
    var decoder = RESPDecoder()
    #expect(throws: RESPError.self) {
      for _ in 0..<100 {
        decoder.feed(ByteBuffer(string: String(repeating: "+", count: 1024)))
        _ = try decoder.next()
      }
    }
  }

  @Test("survives any bytes", arguments: 0..<64)
  func noise(seed: UInt64) {
    var random = SplitMix(state: seed)
    let markers = Array("+-:$*_#,(!=%~>|\r\n0123456789ta".utf8)
    var decoder = RESPDecoder()
    do {
      for _ in 0..<2_000 {
        let count = Int.random(in: 1...8, using: &random)
        decoder.feed(
          ByteBuffer(bytes: (0..<count).map { _ in markers.randomElement(using: &random) ?? 0 }))
        while try decoder.next() != nil {}
      }
    } catch {
      #expect(!error.description.isEmpty)
    }
  }
}

extension RESPValue {
  static func string(_ text: String) -> RESPValue { .string(ByteBuffer(string: text)) }
}

/// A small seeded generator, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
