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
  private var rowCount = 0
  private var totalRows = 0
  /// A line that is not whole yet.
  private var rest = ByteBuffer()
  private var ready: [Matrix] = []

  /// The longest line, in bytes.
  static let longestLine = 1 << 20

  /// The rows of a piece: enough work to be worth the way, small enough to lose and to send again.
  static func pieceRows(of model: Model) -> Int {
    max(64, min(16_384, (1 << 20) / (4 * max(1, model.features.count))))
  }

  init(model: Model, isCSV: Bool, hasHeader: Bool = true) {
    self.model = model
    pieceRows = Self.pieceRows(of: model)
    self.isCSV = isCSV
    csv = CSVRows(model: model, hasHeader: hasHeader)
    json = RowDecoder(model: model, takesUnknownCategories: false)
  }

  /// The next piece, if it is whole.
  mutating func next() -> Matrix? { ready.isEmpty ? nil : ready.removeFirst() }

  /// Takes bytes of the body.
  mutating func feed(_ bytes: ByteBuffer) throws {
    var bytes = bytes
    if rest.readableBytes > 0 {
      rest.writeBuffer(&bytes)
      (bytes, rest) = (rest, ByteBuffer())
    }
    let view = bytes.readableBytesView
    guard let end = view.lastIndex(of: UInt8(ascii: "\n")) else {
      guard bytes.readableBytes <= Self.longestLine else {
        throw Self.problem(
          "too_long", "the line has more than \(Self.longestLine) bytes", lineNumber + 1)
      }
      rest = bytes
      return
    }
    let length = view.distance(from: view.startIndex, to: end) + 1
    try bytes.withUnsafeReadableBytes { all in
      // Safe: the lines are read within this closure.
      let whole = UnsafeBufferPointer(rebasing: all.bindMemory(to: UInt8.self)[..<length])
      var start = 0
      while start < length {
        // Safe: the rest of the lines, which end with a line's end.
        let found = memchr(whole.baseAddress! + start, 0x0A, length - start)
        let end =
          found.map { UnsafeRawPointer($0) - UnsafeRawPointer(whole.baseAddress!) } ?? length
        try readLine(UnsafeBufferPointer(rebasing: whole[start..<end]))
        start = end + 1
      }
    }
    if let left = bytes.getSlice(
      at: bytes.readerIndex + length, length: bytes.readableBytes - length)
    {
      rest = ByteBuffer(bytes: left.readableBytesView)
    }
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
    rowCount += 1
    totalRows += 1
    if rowCount == pieceRows { cut() }
  }

  private mutating func cut() {
    guard rowCount > 0 else { return }
    rowCount = 0
    if isCSV {
      ready.append(csv.cut())
    } else {
      ready.append(json.matrix)
      json = RowDecoder(model: model, takesUnknownCategories: false)
    }
  }

  private static func problem(_ code: String, _ detail: String, _ line: Int) -> Problem {
    .badRequest(code, "line \(line): \(detail)", field: "line \(line)")
  }
}
