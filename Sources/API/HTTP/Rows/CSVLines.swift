import NIOCore

/// Reads CSV (RFC 4180): values between commas, in quotes where they hold commas, quotes or breaks.
enum CSVLines {
  /// Gives each line that is not empty to the closure, with its number, from 1.
  ///
  /// - Throws: ``Problem`` for text that is not UTF-8 or quotes that do not close, or what the closure
  ///   throws.
  static func read(_ body: ByteBuffer, _ line: ([String], Int) throws -> Void) throws {
    guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
      throw Problem.badRequest("invalid_body", "the body is not UTF-8")
    }
    var rest = text.utf8[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    var number = 0
    while !rest.isEmpty {
      number += 1
      let start = number
      var values: [String] = []
      var isLast = false
      repeat {
        values.append(try value(&rest, &number))
        isLast = rest.isEmpty || rest.first != UInt8(ascii: ",")
        if !isLast { rest = rest.dropFirst() }
      } while !isLast
      if rest.first == UInt8(ascii: "\r") { rest = rest.dropFirst() }
      guard rest.isEmpty || rest.first == UInt8(ascii: "\n") else {
        throw Problem.badRequest(
          "invalid_body", "line \(start): a comma or the end of the line must follow the quotes")
      }
      rest = rest.dropFirst()
      if values != [""] { try line(values, start) }
    }
  }

  private static func value(
    _ rest: inout Substring.UTF8View, _ number: inout Int
  ) throws -> String {
    guard rest.first == UInt8(ascii: "\"") else {
      let end =
        rest.firstIndex {
          [UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0)
        }
        ?? rest.endIndex
      defer { rest = rest[end...] }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
    let start = number
    var bytes: [UInt8] = []
    rest = rest.dropFirst()
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\n") { number += 1 }
      guard byte == UInt8(ascii: "\"") else {
        bytes.append(byte)
        continue
      }
      guard rest.first == UInt8(ascii: "\"") else {
        return String(decoding: bytes, as: UTF8.self)
      }
      bytes.append(byte)
      rest = rest.dropFirst()
    }
    throw Problem.badRequest("invalid_body", "line \(start): a quote is not closed")
  }
}
