import Forest
import JSON
import NIOCore
import Serving

/// Reads lines of CSV (RFC 4180, without line breaks in quotes) as rows of a model.
///
/// The first line names the columns, in any order; each is a feature of the model. Without such a line
/// the columns are the features in order. Features without a column, and cells that are empty, are
/// missing values. A cell is a number or, for a feature with categories, the category's text.
struct CSVRows {
  private let model: Model
  private let pieceRows: Int
  /// The feature of each column; nil before the header was read.
  private var columns: [Int]? {
    didSet { plain = plainLines }
  }
  /// Reads lines of nothing but numbers; nil where there can be none.
  private var plain: DecimalLines?
  /// Place for the rows of a piece; none before the first row. Features without a column are missing.
  private var values: [Float] = []
  private(set) var rowCount = 0

  /// - Parameter pieceRows: how many rows are read before they must be ``cut()``.
  init(model: Model, pieceRows: Int = 1, hasHeader: Bool = true) {
    self.model = model
    self.pieceRows = pieceRows
    columns = hasHeader ? nil : Array(model.features.indices)
    plain = plainLines
  }

  var isFull: Bool { rowCount == pieceRows }

  private var plainLines: DecimalLines? {
    guard let columns, !columns.contains(where: { model.features[$0].takesTexts }) else {
      return nil
    }
    return DecimalLines(columns: columns, width: model.features.count)
  }

  /// The rows since the last time.
  mutating func cut() -> Matrix {
    values.removeLast(values.count - rowCount * model.features.count)
    defer {
      values = []
      rowCount = 0
    }
    return Matrix(rowCount: rowCount, columnCount: model.features.count, values: values)
  }

  /// Makes place for the rows of a piece.
  private mutating func prepare() {
    guard values.isEmpty else { return }
    let count = pieceRows * model.features.count
    // Safe: any bits are a float32, and of a row that counts every cell is written.
    values =
      columns?.count == model.features.count
      ? [Float](unsafeUninitializedCapacity: count) { $1 = count }
      : [Float](repeating: .nan, count: count)
  }

  /// Reads whole lines of nothing but numbers from the start of `bytes`, while there are any and the
  /// piece is not full.
  ///
  /// - Returns: how many rows were read, and how many bytes they took.
  mutating func readPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> (rows: Int, bytes: Int) {
    guard let plain else { return (0, 0) }
    prepare()
    let start = rowCount * model.features.count
    let read = values.withUnsafeMutableBufferPointer { values in
      plain.read(
        UnsafeRawBufferPointer(bytes), into: UnsafeMutableBufferPointer(rebasing: values[start...]))
    }
    rowCount += read.rows
    return read
  }

  /// Reads a line without its end, and says whether it was a row; the piece must not be full.
  mutating func read(_ line: UnsafeBufferPointer<UInt8>) throws -> Bool {
    guard let columns else {
      self.columns = try header(line)
      return false
    }
    prepare()
    let base = rowCount * model.features.count
    var position = 0
    var column = 0
    while true {
      guard column < columns.count else { throw tooMany(columns.count) }
      let feature = columns[column]
      values[base + feature] = try value(line, &position, feature: feature) ?? .nan
      column += 1
      if position == line.count { break }
      guard line[position] == UInt8(ascii: ",") else {
        throw Problem.badRequest(
          "invalid_csv", "column \(column) is neither a number nor followed by a comma")
      }
      position += 1
    }
    guard column == columns.count else {
      throw Problem.badRequest(
        "wrong_column_count",
        "the row has \(column) cells, but there are \(columns.count) columns")
    }
    rowCount += 1
    return true
  }

  private func tooMany(_ count: Int) -> Problem {
    .badRequest("wrong_column_count", "the row has more cells than there are columns, \(count)")
  }

  private func header(_ line: UnsafeBufferPointer<UInt8>) throws -> [Int] {
    var line = line
    // A byte order mark, as spreadsheets write it.
    if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = UnsafeBufferPointer(rebasing: line[3...]) }
    var columns: [Int] = []
    var position = 0
    while true {
      let name = try text(line, &position)
      guard let feature = model.featurePositions[name] else {
        throw Problem.badRequest(
          "unknown_feature",
          "the header names \(name.prefix(80).description.jsonQuoted), which is no feature of "
            + "\(model.id.name); it has "
            + model.features.prefix(20).map(\.name).joined(separator: ", ")
            + (model.features.count > 20 ? ", …" : ""))
      }
      guard !columns.contains(feature) else {
        throw Problem.badRequest("duplicate_feature", "the header names \(name.jsonQuoted) twice")
      }
      columns.append(feature)
      if position == line.count { return columns }
      position += 1
    }
  }

  /// Reads a cell and stops at the comma behind it or at the end; nil for a missing value.
  private func value(
    _ line: UnsafeBufferPointer<UInt8>, _ position: inout Int, feature: Int
  ) throws -> Float? {
    if position == line.count || line[position] == UInt8(ascii: ",") { return nil }
    let start = position
    if !model.features[feature].takesTexts, let number = Self.number(line, &position),
      position == line.count || line[position] == UInt8(ascii: ",")
    {
      let value = Float(number)
      guard value.isFinite else {
        throw Problem.badRequest("out_of_range", "a number is outside the range of float32")
      }
      return value
    }
    position = start
    return try category(text(line, &position), feature)
  }

  private func category(_ text: String, _ feature: Int) throws -> Float? {
    if ["", "nan", "NaN", "NA", "null"].contains(text) { return nil }
    let feature = model.features[feature]
    guard feature.takesTexts else {
      if let number = Float(text), number.isFinite { return number }
      throw Problem.badRequest(
        "wrong_type",
        "\(feature.name) must be a number, not \(text.prefix(40).description.jsonQuoted)")
    }
    guard let code = feature.code(ofCategory: text) else {
      throw Problem.badRequest(
        "unknown_category",
        "\(feature.name) has no category \(text.prefix(40).description.jsonQuoted)")
    }
    return Float(code)
  }

  /// Reads a plain decimal number; nil where it is something else or has more digits than fit.
  private static func number(
    _ line: UnsafeBufferPointer<UInt8>, _ position: inout Int
  ) -> Double? {
    let isNegative = line[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var digits: UInt64 = 0
    var count = 0
    var exponent = 0
    var isAfterPoint = false
    while position < line.count {
      // Most numbers are a digit, a point and several digits: those are read at once.
      if isAfterPoint, count <= 8, let some = digitsAtOnce(line, position), some.count > 0 {
        digits = digits &* some.scale &+ some.value
        count += some.count
        exponent -= some.count
        position += some.count
        if some.count < 8 { break }
        continue
      }
      let digit = line[position] &- UInt8(ascii: "0")
      if digit < 10 {
        digits = digits &* 10 &+ UInt64(digit)
        count += 1
        if isAfterPoint { exponent -= 1 }
      } else if line[position] == UInt8(ascii: "."), !isAfterPoint {
        isAfterPoint = true
      } else {
        break
      }
      position += 1
    }
    guard 1...19 ~= count else { return nil }
    // Both are exact, so that the quotient is rounded once; else the same with more digits.
    if digits <= 1 << 53, exponent >= -8 {
      let value = Double(digits) / Double(powersOfTen[-exponent])
      return isNegative ? -value : value
    }
    guard let value = Double(decimal: digits, exponent: exponent) else { return nil }
    return isNegative ? -value : value
  }

  /// The digits that stand first among the next eight bytes; nil where less than eight are left.
  ///
  /// One word of eight digits becomes a number by three multiplications (D. Lemire, "Quickly parsing
  /// eight digits", 2018); fewer are moved to its end, behind zeros.
  @inline(__always)
  private static func digitsAtOnce(
    _ line: UnsafeBufferPointer<UInt8>, _ position: Int
  ) -> (value: UInt64, count: Int, scale: UInt64)? {
    guard position &+ 8 <= line.count else { return nil }
    // Safe: eight bytes are left.
    let word = UInt64(
      littleEndian: UnsafeRawPointer(line.baseAddress!).loadUnaligned(
        fromByteOffset: position, as: UInt64.self))
    var value = word ^ 0x3030_3030_3030_3030
    let others = ((value &+ 0x7676_7676_7676_7676) | value) & 0x8080_8080_8080_8080
    let count = others == 0 ? 8 : others.trailingZeroBitCount >> 3
    guard count > 0 else { return (0, 0, 1) }
    value <<= UInt64((8 &- count) &* 8)
    value = value &* 10 &+ (value >> 8)
    let low = (value & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = ((value >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return ((low &+ high) >> 32, count, powersOfTen[count])
  }

  /// Reads a cell as text, with or without quotes.
  private func text(
    _ line: UnsafeBufferPointer<UInt8>, _ position: inout Int
  ) throws -> String {
    guard position < line.count, line[position] == UInt8(ascii: "\"") else {
      let end = line[position...].firstIndex(of: UInt8(ascii: ",")) ?? line.count
      defer { position = end }
      return String(decoding: line[position..<end], as: UTF8.self)
    }
    var bytes: [UInt8] = []
    position += 1
    while position < line.count {
      let byte = line[position]
      position += 1
      if byte != UInt8(ascii: "\"") {
        bytes.append(byte)
      } else if position < line.count, line[position] == UInt8(ascii: "\"") {
        bytes.append(byte)
        position += 1
      } else {
        guard position == line.count || line[position] == UInt8(ascii: ",") else {
          throw Problem.badRequest("invalid_csv", "a quote ends in the middle of a cell")
        }
        return String(decoding: bytes, as: UTF8.self)
      }
    }
    throw Problem.badRequest("invalid_csv", "a quote is not closed on its line")
  }
}

/// 10 to the power of the position.
private let powersOfTen: InlineArray<9, UInt64> = [
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
]
