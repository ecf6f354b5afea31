public import Forest
import NIOCore
public import Serving

/// Reads the rows of a model from a stream of CSV or JSON, as the bytes come: memory does not grow
/// with the stream.
///
/// The first byte that is no space tells JSON (`[` or `{`) from CSV. CSV is as the jobs take it;
/// without a line of names its columns are the features in order. JSON is rows, arrays or objects,
/// one after another as in NDJSON, or in one array.
public struct RowStream {
  /// How rows are written.
  public enum Form: String, Sendable, CaseIterable {
    case csv, json
  }

  private enum Reader {
    case csv(RowCutter)
    case json(JSONRows)
  }

  private let model: Model
  private let hasHeader: Bool?
  private var reader: Reader?
  /// What came before the form was known.
  private var start: [UInt8] = []

  /// - Parameter hasHeader: whether the first line of CSV names the columns; nil finds out, by what
  ///   stands in it.
  public init(model: Model, hasHeader: Bool? = nil) {
    self.model = model
    self.hasHeader = hasHeader
  }

  /// How the rows are written; nil until the first of them told.
  public var form: Form? {
    switch reader {
    case .csv: .csv
    case .json: .json
    case nil: nil
    }
  }

  /// Takes the next bytes, and gives the rows that are whole.
  ///
  /// - Throws: ``RowStreamError``, which names the line.
  public mutating func read(_ bytes: [UInt8]) throws(RowStreamError) -> [Matrix] {
    do {
      guard reader == nil else { return try feed(bytes) }
      start += bytes
      guard try begin(isLast: false) else { return [] }
      return try feed(take())
    } catch {
      throw RowStreamError(error)
    }
  }

  /// Ends the stream, and gives the rows that are left.
  ///
  /// - Throws: ``RowStreamError``, also when there was no row at all.
  public mutating func finish() throws(RowStreamError) -> [Matrix] {
    do {
      var pieces: [Matrix] = []
      if reader == nil {
        guard try begin(isLast: true) else {
          throw Problem.badRequest("empty_data", "there are no rows")
        }
        pieces = try feed(take())
      }
      switch reader {
      case .csv(var cutter):
        try cutter.finish()
        while let piece = cutter.next() { pieces.append(piece) }
      case .json(let rows): pieces += try rows.finish()
      case nil: break
      }
      return pieces
    } catch {
      throw RowStreamError(error)
    }
  }

  private mutating func take() -> [UInt8] {
    defer { start = [] }
    return start
  }

  private mutating func feed(_ bytes: [UInt8]) throws -> [Matrix] {
    switch reader {
    case .csv(var cutter):
      // The reader must not hold a second reference to the rows while they grow.
      reader = nil
      defer { reader = .csv(cutter) }
      try cutter.feed(ByteBuffer(bytes: bytes))
      var pieces: [Matrix] = []
      while let piece = cutter.next() { pieces.append(piece) }
      return pieces
    case .json(var rows):
      reader = nil
      defer { reader = .json(rows) }
      return try rows.read(bytes)
    case nil: return []
    }
  }

  /// Chooses the reader, if enough is there to tell.
  private mutating func begin(isLast: Bool) throws -> Bool {
    if start.count < 3, !isLast { return false }
    if start.starts(with: [0xEF, 0xBB, 0xBF]) { start.removeFirst(3) }
    guard let first = start.firstIndex(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
      // Nothing but space so far; that of CSV counts as empty lines.
      guard start.count <= RowCutter.longestLine else {
        throw Problem.badRequest("empty_data", "there are no rows")
      }
      return false
    }
    if [UInt8(ascii: "["), UInt8(ascii: "{")].contains(start[first]) {
      reader = .json(JSONRows(model: model))
      return true
    }
    let end = start[first...].firstIndex(of: UInt8(ascii: "\n"))
    guard end != nil || isLast || start.count > RowCutter.longestLine else { return false }
    let isNamed = hasHeader ?? namesColumns(start[first..<(end ?? start.count)])
    reader = .csv(RowCutter(model: model, isCSV: true, hasHeader: isNamed))
    return true
  }

  /// Whether a line names features, or at least is no row.
  private func namesColumns(_ line: ArraySlice<UInt8>) -> Bool {
    let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    return line.withUnsafeBufferPointer { line in
      var named = CSVRows(model: model)
      if (try? named.read(line)) != nil { return true }
      var unnamed = CSVRows(model: model, hasHeader: false)
      return (try? unnamed.read(line)) == nil
    }
  }
}

/// Why a stream of rows cannot be read, and at which line.
public struct RowStreamError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public let description: String

  init(_ error: any Error) {
    description = Problem(error).detail
  }
}
