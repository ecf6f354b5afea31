import Foundation
import JSON
import Testing

/// Strings, structure and errors; Foundation's reader is the judge of what is JSON.
struct JSONScannerTests {
  @Test(
    "Strings are read with all their escapes",
    arguments: [
      (#""""#, ""), (#""iris""#, "iris"), (#""a\"b\\c\/d""#, "a\"b\\c/d"),
      (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
      (#""\ud83d\ude00""#, "😀"), (#""\u0000""#, "\0"), ("\"grün 日本 😀\"", "grün 日本 😀"),
    ])
  func strings(text: String, value: String) throws {
    #expect(try scan(text) { try $0.string() } == value)
  }

  @Test(
    "What is no string is refused where it goes wrong",
    arguments: [
      ("\"abc", 4), ("\"a\nb\"", 2), (#""\x""#, 3), (#""\u12G4""#, 3), (#""\u12"#, 3),
      (#""\ud800""#, 7), (#""\ud800A""#, 7), (#""\udc00""#, 7), (#""\ud800\ud800""#, 13),
      ("\"\\", 2), ("abc", 0), ("'a'", 0),
    ])
  func badStrings(text: String, offset: Int) throws {
    let error = try #require(throws: JSONError.self) { try scan(text) { try $0.string() } }
    #expect(error.offset == offset, "\(error)")
    #expect(error.description.contains("byte \(offset)"))
  }

  @Test(
    "Bytes that are not UTF-8 are refused",
    arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]])
  func notUTF8(bytes: [UInt8]) {
    #expect(throws: JSONError.self) { try scan([0x22] + bytes + [0x22]) { try $0.string() } }
    let escaped = Array("\"\\n".utf8) + bytes + [0x22]
    #expect(throws: JSONError.self) { try scan(escaped) { try $0.string() } }
  }

  @Test("Objects and arrays give their members in order")
  func structure() throws {
    var keys: [String] = []
    var numbers: [Double] = []
    try scan(#" { "b" : [ 1 , 2 , [ ] ] , "a" : { } , "c" : null , "d": true } "#) { json in
      try json.object { key, json in
        keys.append(key)
        switch key {
        case "b":
          try json.array { index, json in
            if index < 2 { numbers.append(try json.number()) } else { try json.skip() }
          }
        case "c": #expect(try json.null())
        case "d": #expect(try json.bool())
        default: try json.skip()
        }
      }
    }
    #expect(keys == ["b", "a", "c", "d"])
    #expect(numbers == [1, 2])
  }

  @Test("A value of another kind is named, and where it stands")
  func kinds() throws {
    let error = try #require(throws: JSONError.self) {
      try scan(#"{"data": "text"}"#) { json in
        try json.object { _, json in
          var values: [Double] = []
          try json.numbers(into: &values)
        }
      }
    }
    #expect(error.message == "expected an array, found a string")
    #expect(error.offset == 9)
  }

  @Test(
    "Nesting is limited",
    arguments: [("[", "]"), ("{\"a\":", "}")])
  func depth(open: String, close: String) throws {
    func nested(_ depth: Int) -> String {
      String(repeating: open, count: depth - 1) + "[]" + String(repeating: close, count: depth - 1)
    }
    try scan(nested(JSONScanner.maximumDepth)) { try $0.skip() }
    for depth in [JSONScanner.maximumDepth + 1, 100_000] {
      let error = try #require(throws: JSONError.self) { try scan(nested(depth)) { try $0.skip() } }
      #expect(error.message.contains("128"))
    }
  }

  @Test(
    "What is no JSON is refused",
    arguments: [
      "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}",
      "{\"a\":1,}", "{\"a\" 1}", "[1]]", "{}{}", "nul", "tru", "True", "[1}", "{\"a\":1]",
      "\u{FEFF}1",
      "// 1", "{1:2}",
    ])
  func malformed(text: String) {
    #expect(throws: JSONError.self) { try scan(text) { try $0.skip() } }
  }

  @Test("Texts that a generator made, whole and damaged, are judged as Foundation judges them")
  func property() throws {
    var random = Random(seed: 3)
    var refused = 0
    for _ in 0..<3_000 {
      var bytes = Array(value(depth: 4, &random).utf8)
      for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
        let position = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes.remove(at: position)
        case 1: bytes[position] = "{}[]\",:0eE.-tn\\ ".utf8.randomElement(using: &random)!
        default:
          bytes.insert("{}[]\",:0eE.-tn\\ ".utf8.randomElement(using: &random)!, at: position)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let judged = try? JSONSerialization.jsonObject(
        with: Data(bytes), options: .fragmentsAllowed)
      let found = try? scan(bytes) { try any(&$0) }
      // Foundation lets a comma stand before a closing bracket.
      let hasIdleComma = found == nil && text.contains(/,\s*[\]}]/)
      #expect((judged == nil) == (found == nil) || hasIdleComma, "\(text)")
      #expect((try? scan(bytes) { try $0.skip() }) != nil || found == nil, "\(text)")
      if let judged, let found { #expect(equal(judged, found), "\(text)") } else { refused += 1 }
    }
    #expect(refused > 300)
  }

  // MARK: The generator and its judge

  private indirect enum Value {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Value])
    case object([String: Value])
  }

  private func any(_ json: inout JSONScanner) throws -> Value {
    switch try json.kind() {
    case .null:
      _ = try json.null()
      return .null
    case .bool: return .bool(try json.bool())
    case .number: return .number(try json.number())
    case .string: return .string(try json.string())
    case .array:
      var values: [Value] = []
      try json.array { _, json in values.append(try any(&json)) }
      return .array(values)
    case .object:
      var members: [String: Value] = [:]
      try json.object { key, json in
        let value = try any(&json)
        // Of equal keys Foundation keeps the first.
        if members[key] == nil { members[key] = value }
      }
      return .object(members)
    }
  }

  private func equal(_ judged: Any, _ value: Value) -> Bool {
    switch value {
    case .null: judged is NSNull
    case .bool(let bool): judged as? Bool == bool
    case .number(let number):
      // Foundation's numbers can be one bit off; the other tests are exact.
      (judged as? NSNumber).map { abs($0.doubleValue - number) <= 1e-14 * abs(number) } ?? false
    case .string(let string): judged as? String == string
    case .array(let values):
      (judged as? [Any]).map { $0.count == values.count && zip($0, values).allSatisfy(equal) }
        ?? false
    case .object(let members):
      (judged as? [String: Any]).map { judged in
        judged.count == members.count
          && members.allSatisfy { key, value in judged[key].map { equal($0, value) } ?? false }
      } ?? false
    }
  }

  private func value(depth: Int, _ random: inout Random) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: "null"
    case 1: Bool.random(using: &random) ? "true" : "false"
    case 2: "\(Int.random(in: -1000...1000, using: &random))"
    case 3: "\(Double.random(in: -1e6...1e6, using: &random))"
    case 4: "\(Int.random(in: 1...9, using: &random))e\(Int.random(in: -30...30, using: &random))"
    case 5: string(&random)
    case 6:
      "["
        + (0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth: depth - 1, &random) }
        .joined(separator: ", ") + "]"
    default:
      "{"
        + (0..<Int.random(in: 0..<4, using: &random)).map { index in
          "\"key\(index)\" : " + value(depth: depth - 1, &random)
        }.joined(separator: ",") + "}"
    }
  }

  private func string(_ random: inout Random) -> String {
    let parts = ["a", "Z", " ", "é", "日", "😀", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00"]
    let count = Int.random(in: 0..<6, using: &random)
    return "\"" + (0..<count).map { _ in parts.randomElement(using: &random)! }.joined() + "\""
  }
}
