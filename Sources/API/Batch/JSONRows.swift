import Forest
import JSON
import Serving

/// Cuts JSON into the rows of a model: values one after another, or the elements of one array.
struct JSONRows {
  /// The largest row, in bytes.
  static let longestRow = RowCutter.longestLine

  private let model: Model
  private let pieceRows: Int
  private var decoder: RowDecoder
  /// The row that is not whole yet.
  private var row: [UInt8] = []
  private var depth = 0
  private var isInText = false
  private var isEscaped = false
  /// Whether all rows are elements of one array; nil until the first row began.
  private var isList: Bool?
  /// Whether an opening bracket came that begins either a row or the list of all rows.
  private var isOpening = false
  private var isClosed = false
  private var expectsComma = false
  private var line = 1
  private var rowLine = 1
  private var hasRows = false
  private var ready: [Matrix] = []

  init(model: Model) {
    self.model = model
    pieceRows = RowCutter.pieceRows(of: model)
    decoder = RowDecoder(model: model, takesUnknownCategories: false)
  }

  /// Takes the next bytes, and gives the pieces that are full.
  mutating func read(_ bytes: [UInt8]) throws -> [Matrix] {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") { line += 1 }
      if depth > 0 {
        try take(byte)
      } else if ![0x20, 0x09, 0x0A, 0x0D].contains(byte) {
        try begin(byte)
      }
    }
    defer { ready = [] }
    return ready
  }

  /// Ends the text, and gives the rows that are left.
  consuming func finish() throws -> [Matrix] {
    if depth > 0 || isOpening {
      throw problem("invalid_json", "the text ends inside the row that begins here", rowLine)
    }
    if isList == true, !isClosed {
      throw problem("invalid_json", "the text ends inside the list of rows", line)
    }
    guard hasRows else { throw Problem.badRequest("empty_data", "there are no rows") }
    cut()
    return ready
  }

  /// A byte between rows.
  private mutating func begin(_ byte: UInt8) throws {
    if isOpening {
      isOpening = false
      isList = [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "]")].contains(byte)
      if isList == false {
        row = [UInt8(ascii: "[")]
        depth = 1
        return try take(byte)
      }
    }
    switch byte {
    case _ where isClosed:
      throw problem("invalid_json", "there is more after the end of the list of rows", line)
    case UInt8(ascii: ",") where expectsComma: expectsComma = false
    case UInt8(ascii: "]") where isList == true && (expectsComma || !hasRows): isClosed = true
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      guard !expectsComma else {
        throw problem("invalid_json", "a comma must stand between the rows of a list", line)
      }
      rowLine = line
      if isList == nil, byte == UInt8(ascii: "[") {
        isOpening = true
      } else {
        isList = isList ?? false
        row = [byte]
        depth = 1
      }
    default:
      throw problem("wrong_type", "a row must be a list of values or an object of them", line)
    }
  }

  /// A byte within a row.
  private mutating func take(_ byte: UInt8) throws {
    row.append(byte)
    if isInText {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInText = false
      }
      return
    }
    switch byte {
    case UInt8(ascii: "\""): isInText = true
    case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
    case UInt8(ascii: "]"), UInt8(ascii: "}"):
      depth -= 1
      if depth == 0 { try decode() }
    default: break
    }
    guard row.count <= Self.longestRow else {
      throw problem("too_long", "the row has more than \(Self.longestRow) bytes", rowLine)
    }
  }

  private mutating func decode() throws {
    do {
      try row.withUnsafeBufferPointer { bytes in
        try JSONScanner.read(bytes) { json in
          guard try decoder.decode(&json) else {
            throw Problem.badRequest("wrong_type", "a row must not be a list of rows")
          }
        }
      }
    } catch let error as JSONError {
      throw problem("invalid_json", "\(error)", rowLine)
    } catch {
      let error = Problem(error)
      throw problem(error.code, error.detail, rowLine)
    }
    row.removeAll(keepingCapacity: true)
    expectsComma = isList == true
    hasRows = true
    if decoder.rowCount == pieceRows { cut() }
  }

  private mutating func cut() {
    guard decoder.rowCount > 0 else { return }
    ready.append(decoder.matrix)
    decoder = RowDecoder(model: model, takesUnknownCategories: false)
  }

  private func problem(_ code: String, _ detail: String, _ line: Int) -> Problem {
    .badRequest(code, "line \(line): \(detail)", field: "line \(line)")
  }
}
