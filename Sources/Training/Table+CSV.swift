import Crypto

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension Table {
  /// The most different texts that a column may hold.
  public static let maximumCategories = 65_536

  /// Reads a CSV file (RFC 4180) whose first line names the columns.
  ///
  /// A cell is a number, or missing (empty, `NA`, `N/A`, `NaN`, `null`, `None`, `?`), or a text. A
  /// column with at least one text is a column of texts. The label must be there in every row.
  ///
  /// The file is mapped, not copied; the table takes 4 bytes a cell.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - label: the name of the column that is to be predicted.
  /// - Throws: ``TableError`` with file, line and column.
  public init(csvFile path: String, label: String) throws(TableError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    } catch {
      let exists = FileManager.default.fileExists(atPath: path)
      throw TableError(
        exists ? "the file cannot be read" : "there is no such file", source: path)
    }
    try self.init(csv: data, source: path, label: label)
  }

  /// Reads the bytes of a CSV file, as ``init(csvFile:label:)`` does.
  public init(csv data: Data, source: String, label: String) throws(TableError) {
    let digest = SHA256.hash(data: data).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    let read = data.withUnsafeBytes { raw -> Result<Table, TableError> in
      raw.withMemoryRebound(to: UInt8.self) { bytes in
        Result { () throws(TableError) -> Table in
          try Table(bytes: bytes, source: source, sha256: digest.joined(), label: label)
        }
      }
    }
    self = try read.get()
  }

  private init(
    bytes: UnsafeBufferPointer<UInt8>, source: String, sha256: String, label: String
  ) throws(TableError) {
    var scanner = CSVScanner(bytes: bytes, source: source)
    let names = try Self.header(&scanner)
    guard let labelIndex = names.firstIndex(of: label) else {
      throw TableError(
        "there is no column \"\(label)\"; the columns are \(names.joined(separator: ", "))"
          + (names.count == 1 ? "; are the columns separated by commas?" : ""), source: source)
    }
    guard names.count > 1 else {
      throw TableError("there is no column beside the label", source: source)
    }
    self.init(
      source: source, sha256: sha256, columns: names.map(Column.init), labelIndex: labelIndex)
    let body = scanner
    try readNumbers(scanner)
    if columns.contains(where: { $0.firstText != nil }) { try readTexts(body) }
  }

  private static func header(_ scanner: inout CSVScanner) throws(TableError) -> [String] {
    guard scanner.startLine() else {
      throw scanner.error("the file is empty; the first line must name the columns")
    }
    var names: [String] = []
    var seen: Set<String> = []
    var cell: CSVScanner.Cell
    repeat {
      cell = try scanner.cell()
      let name = try scanner.text(cell)
      guard !name.isEmpty else {
        throw scanner.error("column \(names.count + 1) has no name", at: cell.place)
      }
      guard seen.insert(name).inserted else {
        throw scanner.error("there are two columns named \"\(name)\"", at: cell.place)
      }
      names.append(name)
    } while !cell.endsLine
    return names
  }

  /// Reads every line; columns where a text is found are left for ``readTexts(_:)``.
  private mutating func readNumbers(_ start: CSVScanner) throws(TableError) {
    var scanner = start
    var tooLarge: [Place?] = Array(repeating: nil, count: columns.count)
    while scanner.startLine() {
      let line = scanner.place
      var index = 0
      var cell: CSVScanner.Cell
      repeat {
        cell = try scanner.cell()
        defer { index += 1 }
        guard index < columns.count else { continue }
        var value = Float.nan
        if columns[index].firstText == nil || index == labelIndex {
          switch CSVValue(scanner.bytes[cell.range]) {
          case .number(let number):
            value = Float(number)
            if !value.isFinite, tooLarge[index] == nil { tooLarge[index] = cell.place }
            columns[index].include(value)
          case .missing:
            if index == labelIndex {
              throw scanner.error("the label \"\(label.name)\" is missing", at: cell.place)
            }
            columns[index].isWhole = false
          case .text:
            columns[index].firstText = columns[index].firstText ?? cell.place
          }
        }
        values.append(value)
      } while !cell.endsLine
      guard index == columns.count else {
        throw scanner.error(
          "the line has \(index) cells, the header \(columns.count)", at: line)
      }
      rowCount += 1
    }
    guard rowCount > 0 else { throw scanner.error("there are no rows below the header") }
    for (column, place) in zip(columns, tooLarge) where column.firstText == nil {
      guard let place else { continue }
      throw scanner.error(
        "the number in \"\(column.name)\" is infinite or too large for float32", at: place)
    }
  }

  /// Reads the columns of texts and gives each text a code, in the order of the texts.
  private mutating func readTexts(_ start: CSVScanner) throws(TableError) {
    var scanner = start
    var codes: [[String: Float]] = Array(repeating: [:], count: columns.count)
    var row = 0
    while scanner.startLine() {
      for index in columns.indices {
        let cell = try scanner.cell()
        guard columns[index].firstText != nil else { continue }
        if case .missing = CSVValue(scanner.bytes[cell.range]) { continue }
        let text = try scanner.text(cell)
        let code = codes[index][text] ?? Float(codes[index].count)
        if Int(code) == codes[index].count {
          guard codes[index].count < Self.maximumCategories else {
            throw scanner.error(
              "\"\(columns[index].name)\" holds more than \(Self.maximumCategories) different "
                + "texts; if it only identifies the rows, remove it from the file",
              at: cell.place)
          }
          codes[index][text] = code
        }
        values[row * columns.count + index] = code
      }
      row += 1
    }
    for index in columns.indices where columns[index].firstText != nil {
      sortCategories(ofColumn: index, codes: codes[index])
    }
  }

  private mutating func sortCategories(ofColumn index: Int, codes: [String: Float]) {
    let texts = codes.keys.sorted()
    var sorted = [Float](repeating: 0, count: texts.count)
    for (code, text) in texts.enumerated() { sorted[Int(codes[text, default: 0])] = Float(code) }
    for cell in stride(from: index, to: values.count, by: columns.count) where !values[cell].isNaN {
      values[cell] = sorted[Int(values[cell])]
    }
    columns[index].categories = texts
    columns[index].isWhole = false
    columns[index].range = nil
  }
}

extension Table.Column {
  /// Widens the range by a number.
  fileprivate mutating func include(_ value: Float) {
    guard let range else {
      range = value...value
      isWhole = isWhole && value.rounded() == value
      return
    }
    if value < range.lowerBound { self.range = value...range.upperBound }
    if value > range.upperBound { self.range = range.lowerBound...value }
    if isWhole, value.rounded() != value { isWhole = false }
  }
}
