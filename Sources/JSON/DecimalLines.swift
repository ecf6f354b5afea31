import DecimalKernels

/// Reads lines of plain decimal numbers between commas, as most tables are: as fast as memory allows.
///
/// Where the processor has AVX-512 with VBMI2, or AVX2, a kernel reads 16 or 8 cells at once
/// (`dk_read_lines`). What it leaves, and all elsewhere, is read by words. Eight bytes are looked at as
/// one word. The first byte below `-` in it ends the cell, because digits, signs and points stand above
/// the comma and line ends below; finding it does not wait for the value of the cell, so that several
/// cells are under way at once. The cell is moved to the end of a word (of 128 bits where it is longer
/// than eight bytes), its point is cut out, and eight digits become a number by three multiplications
/// (D. Lemire, "Quickly parsing eight digits", 2018).
///
/// It does not judge: it stops before the first line that is anything else, for a slower reader that
/// says what is wrong with it, if anything is.
package struct DecimalLines: Sendable {
  /// Where the values of each column stand in a row.
  private let columns: [Int]
  private let width: Int
  /// DK_NONE where lines are read by words alone.
  private let level: dk_level

  /// A reader of lines with these columns.
  ///
  /// - Parameters:
  ///   - columns: for each column, where its value stands in a row; each below `width`.
  ///   - width: the number of values in a row.
  ///   - usesVectors: whether to use the kernel where there is one; the values are the same.
  package init(columns: [Int], width: Int, usesVectors: Bool = true) {
    precondition(columns.allSatisfy { 0..<width ~= $0 }, "a column lies outside of the row")
    self.columns = columns
    self.width = width
    level = usesVectors ? Self.bestLevel : DK_NONE
  }

  private static let bestLevel = dk_best_level()

  /// Reads whole lines from the start of `bytes`, until one is not plain or the rows are full.
  ///
  /// A value is the nearest double, rounded to float32, and NaN where the cell is empty. What stands
  /// for columns that there are none of is left as it is; so is nothing of the row behind the last one,
  /// which may hold the first cells of the line that was not read. A line within the last 40 bytes is
  /// not read.
  ///
  /// - Returns: how many rows were read, and how many bytes they took.
  package func read(
    _ bytes: UnsafeRawBufferPointer, into rows: UnsafeMutableBufferPointer<Float>
  ) -> (rows: Int, bytes: Int) {
    // Safe: cells begin at `last` at the latest, and what is loaded ends `reach` bytes later. Columns
    // were checked to lie within a row, and rows are counted.
    guard let start = bytes.baseAddress, let values = rows.baseAddress, !columns.isEmpty,
      bytes.count > Self.reach
    else { return (0, 0) }
    let last = start + (bytes.count - Self.reach)
    let limit = rows.count / width
    return columns.withUnsafeBufferPointer { columns in
      var row = 0
      var line = start
      // One, which the kernel then has before its first byte.
      var linesByWords = 1
      while row < limit {
        let stop = min(limit, row &+ linesByWords)
        while row < stop {
          guard let next = Self.line(line, last, columns, values + row &* width) else {
            return (row, line - start)
          }
          line = next
          row &+= 1
        }
        // Safe: what it reads before its first byte is there, and it writes to as many rows as are left.
        guard level != DK_NONE, line - start >= Int(DK_BEFORE) else { continue }
        var lines = dk_lines(
          bytes: line.assumingMemoryBound(to: UInt8.self), count: start + bytes.count - line,
          columns: columns.baseAddress, column_count: columns.count, width: width)
        let read = dk_read_lines(level, &lines, values + row &* width, limit &- row)
        row &+= read.rows
        line += read.bytes
        let isWorthwhile = read.rows >= Self.fewestLinesAtOnce
        linesByWords = isWorthwhile ? Self.fewestLinesByWords : 2 &* linesByWords
      }
      return (row, line - start)
    }
  }

  /// How many lines are read by words before the kernel is tried, which looks at a good many before it
  /// reads the first.
  private static let fewestLinesByWords = 32
  /// Where it reads fewer, it is tried less often.
  private static let fewestLinesAtOnce = 64

  /// The most bytes from the beginning of a cell that are looked at.
  private static let reach = 40
  /// The longest number that is read, in bytes: 19 digits and a point.
  private static let longestNumber = 20

  /// Reads a line; nil where it is not plain.
  @inline(__always)
  private static func line(
    _ start: UnsafeRawPointer, _ last: UnsafeRawPointer, _ columns: UnsafeBufferPointer<Int>,
    _ values: UnsafeMutablePointer<Float>
  ) -> UnsafeRawPointer? {
    var cell = start
    var column = 0
    while true {
      guard cell <= last else { return nil }
      let first = word(cell)
      var end = cell
      var ends = endsOfCells(first)
      while ends == 0 {
        end += 8
        guard end - cell <= 24 else { return nil }
        ends = endsOfCells(word(end))
      }
      end += ends.trailingZeroBitCount &>> 3
      let sign = first & 0xFF == UInt64(UInt8(ascii: "-")) ? 1 : 0
      let begin = cell + sign
      let length = end - begin
      let magnitude: Float
      if 1...8 ~= length {
        let text = (word(begin) ^ 0x3030_3030_3030_3030) &<< UInt64(8 &* (8 &- length))
        guard let (digits, scale) = withoutPoint(text, length) else { return nil }
        magnitude = Float(Double(Int64(bitPattern: number(digits))) / powersOfTen[scale])
      } else if length == 0 {
        // An empty line is not a row of one missing value.
        guard sign == 0, columns.count > 1 else { return nil }
        magnitude = .nan
      } else {
        guard let value = long(begin, length) else { return nil }
        magnitude = value
      }
      values[columns[column]] = Float(
        bitPattern: magnitude.bitPattern ^ UInt32(truncatingIfNeeded: sign) &<< 31)
      column &+= 1
      let byte = end.load(as: UInt8.self)
      if column < columns.count {
        guard byte == UInt8(ascii: ",") else { return nil }
        cell = end + 1
      } else if byte == UInt8(ascii: "\n") {
        return end + 1
      } else {
        guard byte == UInt8(ascii: "\r"), end.load(fromByteOffset: 1, as: UInt8.self) == 0x0A
        else { return nil }
        return end + 2
      }
    }
  }

  @inline(__always)
  private static func word(_ place: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: place.loadUnaligned(as: UInt64.self))
  }

  /// The highest bit of bytes below `-`; those behind the first one may have it too.
  @inline(__always)
  private static func endsOfCells(_ word: UInt64) -> UInt64 {
    (word &- 0x2D2D_2D2D_2D2D_2D2D) & ~word & 0x8080_8080_8080_8080
  }

  /// Cuts the point out of digits, whose values stand at the end of the word behind zeros.
  ///
  /// - Returns: the digits, and how many of them stood behind the point; nil if they are no number.
  @inline(__always)
  private static func withoutPoint<Word: FixedWidthInteger & UnsignedInteger>(
    _ text: Word, _ length: Int
  ) -> (digits: Word, scale: Int)? {
    let others =
      ((text &+ Word(truncatingIfNeeded: 0x7676_7676_7676_7676_7676_7676_7676_7676 as UInt128))
        | text) & Word(truncatingIfNeeded: 0x8080_8080_8080_8080_8080_8080_8080_8080 as UInt128)
    if others == 0 { return (text, 0) }
    let place = Word(truncatingIfNeeded: others.trailingZeroBitCount &- 7)
    let point = UInt8(ascii: ".") ^ 0x30
    guard others & (others &- 1) == 0, length > 1,
      UInt8(truncatingIfNeeded: text &>> place) == point
    else { return nil }
    let before: Word = (1 &<< place) &- 1
    return (
      text & ~(before &<< 8 | 0xFF) | (text & before) &<< 8,
      Word.bitWidth / 8 &- 1 &- Int(truncatingIfNeeded: place &>> 3)
    )
  }

  /// The number of eight digits.
  @inline(__always)
  private static func number(_ digits: UInt64) -> UInt64 {
    let pairs = digits &* 10 &+ (digits >> 8)
    let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) >> 32
  }

  /// Reads more than eight bytes.
  @inline(__always)
  private static func long(_ begin: UnsafeRawPointer, _ length: Int) -> Float? {
    guard length <= 16 else { return longer(begin, length) }
    let bytes = UInt128(word(begin + 8)) &<< 64 | UInt128(word(begin))
    let text =
      (bytes ^ 0x3030_3030_3030_3030_3030_3030_3030_3030) &<< UInt128(8 &* (16 &- length))
    guard let (digits, scale) = withoutPoint(text, length) else { return nil }
    let value =
      number(UInt64(truncatingIfNeeded: digits)) &* 100_000_000
      &+ number(UInt64(truncatingIfNeeded: digits &>> 64))
    // Both are exact, so that the quotient is rounded once; else the same with more digits.
    if value <= 1 << 53 {
      return Float(Double(Int64(bitPattern: value)) / powersOfTen[scale])
    }
    return Double(decimal: value, exponent: -scale).map { Float($0) }
  }

  /// Reads more than 16 bytes, one by one.
  private static func longer(_ begin: UnsafeRawPointer, _ length: Int) -> Float? {
    guard length <= longestNumber else { return nil }
    var digits: UInt64 = 0
    var point: Int?
    for place in 0..<length {
      let byte = begin.load(fromByteOffset: place, as: UInt8.self)
      if byte &- UInt8(ascii: "0") < 10 {
        digits = digits &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
      } else {
        guard byte == UInt8(ascii: "."), point == nil else { return nil }
        point = place
      }
    }
    // 20 digits may be more than 64 bits hold.
    guard point != nil || length < longestNumber else { return nil }
    let scale = point.map { length - 1 - $0 } ?? 0
    return Double(decimal: digits, exponent: -scale).map { Float($0) }
  }
}

/// 10 to the power of the position, exact in Double.
private let powersOfTen: InlineArray<16, Double> = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]
