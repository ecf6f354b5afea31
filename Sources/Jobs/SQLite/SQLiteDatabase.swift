import CSQLite
import NIOCore

/// Why SQLite did not do what it was asked.
struct SQLiteError: Error, CustomStringConvertible {
  /// SQLite's primary result code.
  let code: Int32
  let description: String
}

/// A value of SQLite's.
enum SQLiteValue {
  case integer(Int64)
  case text(String)
  case blob(ByteBuffer)
  case null
}

/// One connection to a database file, for one thread at a time.
///
/// A thin layer over the system's library: statements are compiled once and kept, values are bound,
/// never written into the SQL.
final class SQLiteDatabase {
  private var handle: OpaquePointer?
  private var statements: [String: OpaquePointer] = [:]

  /// Opens a file, or memory for `:memory:`.
  init(path: String) throws(SQLiteError) {
    let status = sqlite3_open_v2(
      path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
    guard status == SQLITE_OK else {
      let error = error(status, "cannot open \(path)")
      sqlite3_close_v2(handle)
      handle = nil
      throw error
    }
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  /// Runs statements that answer nothing.
  func execute(_ sql: String) throws(SQLiteError) {
    let status = sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw error(status, sql) }
  }

  /// Runs a statement and returns how many rows it changed.
  @discardableResult
  func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteError) -> Int {
    _ = try rows(sql, values) { _ in }
    return Int(sqlite3_changes(handle))
  }

  /// Runs a statement and reads each row that it answers.
  func rows<Row>(
    _ sql: String, _ values: [SQLiteValue] = [], _ read: (SQLiteRow) -> Row
  ) throws(SQLiteError) -> [Row] {
    let statement = try statement(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1), statement) }
    var rows: [Row] = []
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: rows.append(read(SQLiteRow(statement: statement)))
      case SQLITE_DONE: return rows
      case let status: throw error(status, sql)
      }
    }
  }

  private func statement(_ sql: String) throws(SQLiteError) -> OpaquePointer {
    if let known = statements[sql] { return known }
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v3(
      handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard status == SQLITE_OK, let statement else { throw error(status, sql) }
    statements[sql] = statement
    return statement
  }

  private func bind(
    _ value: SQLiteValue, at index: Int32, _ statement: OpaquePointer
  ) throws(SQLiteError) {
    // SQLite copies what it is given (SQLITE_TRANSIENT).
    let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    let status =
      switch value {
      case .integer(let number): sqlite3_bind_int64(statement, index, number)
      case .text(let text): sqlite3_bind_text(statement, index, text, -1, copy)
      case .blob(let bytes):
        bytes.withUnsafeReadableBytes { bytes in
          // Without bytes there is no address, and SQLite would take that for NULL.
          bytes.isEmpty
            ? sqlite3_bind_zeroblob(statement, index, 0)
            : sqlite3_bind_blob64(
              statement, index, bytes.baseAddress, UInt64(bytes.count), copy)
        }
      case .null: sqlite3_bind_null(statement, index)
      }
    guard status == SQLITE_OK else { throw error(status, "bind") }
  }

  private func error(_ status: Int32, _ place: String) -> SQLiteError {
    let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
    return SQLiteError(
      code: status & 0xFF, description: "\(message) (\(status), \(place.prefix(80)))")
  }
}

/// A row that a statement answers; valid within the closure that it is given to.
struct SQLiteRow {
  fileprivate let statement: OpaquePointer

  func integer(_ column: Int32) -> Int { Int(sqlite3_column_int64(statement, column)) }

  func text(_ column: Int32) -> String {
    sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  func bytes(_ column: Int32) -> ByteBuffer {
    guard let start = sqlite3_column_blob(statement, column) else { return ByteBuffer() }
    // Safe: the column has this many bytes until the next step, and they are copied.
    let count = Int(sqlite3_column_bytes(statement, column))
    return ByteBuffer(bytes: UnsafeRawBufferPointer(start: start, count: count))
  }
}
