import Forest
import JSON
import NIOCore
import Serving

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cuts a stream of lines, of CSV or JSON, into matrices of some thousand rows.
struct RowCutter {
  private let model: Model
  private let pieceRows: Int
  private let isCSV: Bool
  private var csv: CSVRows
  private var json: RowDecoder
  private var lineNumber = 0
  private var totalRows = 0
  /// A line that is not whole yet.
  private var rest = ByteBuffer()
  private var ready: [Matrix] = []

  /// The longest line, in bytes.
  static let longestLine = 1 << 20

  /// The rows of a piece: enough work to be worth the way, small enough to lose and to send again.
  static func pieceRows(of model: Model) -> Int {
    max(64, min(16_384, (2 << 20) / (4 * max(1, model.features.count))))
  }

  init(model: Model, isCSV: Bool, hasHeader: Bool = true) {
    self.model = model
    pieceRows = Self.pieceRows(of: model)
    self.isCSV = isCSV
    csv = CSVRows(model: model, pieceRows: pieceRows, hasHeader: hasHeader)
    json = RowDecoder(model: model, takesUnknownCategories: false)
  }

  /// The next piece, if it is whole.
  mutating func next() -> Matrix? { ready.isEmpty ? nil : ready.removeFirst() }

  /// Takes bytes of the body.
  mutating func feed(_ bytes: ByteBuffer) throws {
    var bytes = bytes
    if rest.readableBytes > 0 {
      // The line that began before, up to its end.
      let view = bytes.readableBytesView
      let length = view.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 - view.startIndex }
      if var end = bytes.readSlice(length: length ?? bytes.readableBytes) {
        rest.writeBuffer(&end)
      }
      if length != nil {
        try rest.withUnsafeReadableBytes {
          // Safe: the line is read within this closure.
          _ = try readLines($0.bindMemory(to: UInt8.self))
        }
        rest.clear()
      }
    }
    // Safe: the lines are read within this closure.
    let length = try bytes.withUnsafeReadableBytes {
      try readLines($0.bindMemory(to: UInt8.self))
    }
    bytes.moveReaderIndex(forwardBy: length)
    rest.writeBuffer(&bytes)
    guard rest.readableBytes <= Self.longestLine else {
      throw Self.problem(
        "too_long", "the line has more than \(Self.longestLine) bytes", lineNumber + 1)
    }
  }

  /// Reads the lines that are whole, and returns how many bytes they have.
  private mutating func readLines(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Int {
    var start = 0
    while start < bytes.count {
      if isCSV {
        let read = csv.readPlain(UnsafeBufferPointer(rebasing: bytes[start...]))
        lineNumber += read.rows
        totalRows += read.rows
        start += read.bytes
        if csv.isFull {
          cut()
          continue
        }
      }
      // Safe: what is looked at ends with the bytes.
      guard let base = bytes.baseAddress,
        let found = memchr(base + start, 0x0A, bytes.count - start)
      else { break }
      let end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      try readLine(UnsafeBufferPointer(rebasing: bytes[start..<end]))
      start = end + 1
    }
    return start
  }

  /// The body is over.
  mutating func finish() throws {
    let last = rest
    rest = ByteBuffer()
    try last.withUnsafeReadableBytes { bytes in
      // Safe: the line is read within this closure.
      try readLine(bytes.bindMemory(to: UInt8.self))
    }
    cut()
    guard totalRows > 0 else {
      throw Problem.badRequest("empty_data", "the body has no rows", field: "data")
    }
  }

  private mutating func readLine(_ line: UnsafeBufferPointer<UInt8>) throws {
    lineNumber += 1
    var line = line
    if line.last == UInt8(ascii: "\r") { line = UnsafeBufferPointer(rebasing: line.dropLast()) }
    if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { return }
    do {
      if isCSV {
        guard try csv.read(line) else { return }
      } else {
        try JSONScanner.read(line) { scanner in
          guard try json.decode(&scanner) else {
            throw Problem.badRequest("wrong_type", "a line must be one row")
          }
        }
      }
    } catch let problem as Problem {
      throw Self.problem(problem.code, problem.detail, lineNumber)
    } catch let error as PredictionError {
      throw Self.problem(error.code.rawValue, error.message, lineNumber)
    } catch let error as JSONError {
      throw Self.problem("invalid_json", "\(error)", lineNumber)
    }
    totalRows += 1
    if csv.isFull || json.rowCount == pieceRows { cut() }
  }

  private mutating func cut() {
    if csv.rowCount > 0 { ready.append(csv.cut()) }
    if json.rowCount > 0 {
      ready.append(json.matrix)
      json = RowDecoder(model: model, takesUnknownCategories: false)
    }
  }

  private static func problem(_ code: String, _ detail: String, _ line: Int) -> Problem {
    .badRequest(code, "line \(line): \(detail)", field: "line \(line)")
  }
}
