/// Cuts the bytes of a CSV file (RFC 4180) into cells, without copying them.
///
/// Lines end with LF or CRLF; quoted cells may hold commas, line ends and doubled quotes; blanks
/// around unquoted cells do not count; blank lines are passed over.
struct CSVScanner {
  /// One cell: a range of bytes, and where it stands.
  struct Cell {
    /// The bytes between the quotes or blanks.
    var range: Range<Int>
    /// Whether quotes are doubled in it.
    var hasDoubledQuotes = false
    /// Where it starts.
    var place: Table.Place
    /// Whether it is the last of its line.
    var endsLine = false
  }

  let bytes: UnsafeBufferPointer<UInt8>
  let source: String
  private(set) var offset = 0
  private(set) var line = 1
  private var lineStart = 0

  init(bytes: UnsafeBufferPointer<UInt8>, source: String) {
    self.bytes = bytes
    self.source = source
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      offset = 3
      lineStart = 3
    }
  }

  var place: Table.Place { .init(line: line, column: offset - lineStart + 1) }

  func error(_ message: String, at place: Table.Place? = nil) -> TableError {
    TableError(message, source: source, at: place ?? self.place)
  }

  /// Moves to the next line that is not blank, and says whether there is one.
  mutating func startLine() -> Bool {
    while offset < bytes.count {
      switch bytes[offset] {
      case .lineFeed: endLine(length: 1)
      case .carriageReturn where hasLineFeed(at: offset + 1): endLine(length: 2)
      default: return true
      }
    }
    return false
  }

  /// Reads the next cell of the line.
  mutating func cell() throws(TableError) -> Cell {
    skipBlanks()
    var cell = Cell(range: offset..<offset, place: place)
    if offset < bytes.count, bytes[offset] == .quote {
      try scanQuoted(&cell)
    } else {
      try scanPlain(&cell)
    }
    try finish(&cell)
    return cell
  }

  /// The text of a cell.
  func text(_ cell: Cell) throws(TableError) -> String {
    guard let text = String(validating: bytes[cell.range], as: UTF8.self) else {
      throw error("the text is not UTF-8; save the file as UTF-8", at: cell.place)
    }
    return cell.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text
  }

  private mutating func scanPlain(_ cell: inout Cell) throws(TableError) {
    let start = offset
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == .comma || byte == .lineFeed || byte == .carriageReturn { break }
      if byte == .quote {
        throw error("a quote inside a cell that does not start with one")
      }
      offset += 1
    }
    var end = offset
    while end > start, bytes[end - 1] == .space || bytes[end - 1] == .tab { end -= 1 }
    cell.range = start..<end
  }

  private mutating func scanQuoted(_ cell: inout Cell) throws(TableError) {
    offset += 1
    let start = offset
    while offset < bytes.count {
      switch bytes[offset] {
      case .quote:
        if offset + 1 < bytes.count, bytes[offset + 1] == .quote {
          cell.hasDoubledQuotes = true
          offset += 2
        } else {
          cell.range = start..<offset
          offset += 1
          skipBlanks()
          return
        }
      case .lineFeed: endLine(length: 1)
      default: offset += 1
      }
    }
    throw error("the quote that opens here is never closed", at: cell.place)
  }

  /// Moves past the comma or line end behind a cell.
  private mutating func finish(_ cell: inout Cell) throws(TableError) {
    guard offset < bytes.count else {
      cell.endsLine = true
      return
    }
    switch bytes[offset] {
    case .comma: offset += 1
    case .lineFeed:
      cell.endsLine = true
      endLine(length: 1)
    case .carriageReturn where hasLineFeed(at: offset + 1):
      cell.endsLine = true
      endLine(length: 2)
    case .carriageReturn: throw error("a carriage return without a line feed after it")
    default: throw error("a comma or the end of the line must follow the closing quote")
    }
  }

  private mutating func endLine(length: Int) {
    offset += length
    line += 1
    lineStart = offset
  }

  private func hasLineFeed(at index: Int) -> Bool {
    index < bytes.count && bytes[index] == .lineFeed
  }

  private mutating func skipBlanks() {
    while offset < bytes.count, bytes[offset] == .space || bytes[offset] == .tab { offset += 1 }
  }
}

extension UInt8 {
  fileprivate static let comma = UInt8(ascii: ",")
  fileprivate static let quote = UInt8(ascii: "\"")
  fileprivate static let space = UInt8(ascii: " ")
  fileprivate static let tab = UInt8(ascii: "\t")
  fileprivate static let lineFeed = UInt8(ascii: "\n")
  fileprivate static let carriageReturn = UInt8(ascii: "\r")
}
