import CSQLite
import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The one writer of a database: what is asked for while a commit is under way goes into the next
/// one together, so that many jobs cost one flush to disk.
///
/// SQLite blocks its thread, so it has one of its own.
final class SQLiteWriter: Sendable {
  private struct Pending {
    var operations: [any SQLiteOperation] = []
    var isScheduled = false
  }

  private let queue = DispatchQueue(label: "coppice.jobs")
  private let pending = Mutex(Pending())
  // Safe: only touched on `queue`.
  private nonisolated(unsafe) var database: SQLiteDatabase?
  private nonisolated(unsafe) var isFlushing: Bool?
  private let path: String
  private let schema: String
  /// Brings a database that was left behind in order, when it is opened.
  private let recover: @Sendable (SQLiteDatabase) throws -> Void

  init(
    path: String, schema: String, recover: @escaping @Sendable (SQLiteDatabase) throws -> Void
  ) {
    self.path = path
    self.schema = schema
    self.recover = recover
  }

  /// Opens the database unless it is open.
  ///
  /// - Throws: `JobError` that says why it cannot be had: another process has it, it is damaged.
  func open() async throws(JobError) {
    _ = try await perform { _ in }
  }

  /// Lets go of the file.
  func close() async {
    await withCheckedContinuation { continuation in
      queue.async {
        self.database = nil
        continuation.resume()
      }
    }
  }

  /// Runs `body` within a transaction, and returns when that is on disk.
  ///
  /// What `body` did is undone when it throws; the other operations of the transaction stay.
  ///
  /// - Parameter flushes: no when it may go with the next flush: a crash of the process loses nothing
  ///   all the same, a crash of the machine what can be done again.
  func perform<Result: Sendable>(
    flushes: Bool = true, _ body: @escaping @Sendable (SQLiteDatabase) throws -> Result
  ) async throws(JobError) -> Result {
    let result: Swift.Result<Result, JobError> = await withCheckedContinuation { continuation in
      schedule(Operation(flushes: flushes, body: body, continuation: continuation))
    }
    return try result.get()
  }

  private func schedule(_ operation: any SQLiteOperation) {
    let isFirst = pending.withLock { pending in
      pending.operations.append(operation)
      defer { pending.isScheduled = true }
      return !pending.isScheduled
    }
    if isFirst { queue.async { self.commit() } }
  }

  /// One transaction for all that is asked for by now.
  private func commit() {
    let operations = pending.withLock { pending in
      defer { pending = Pending() }
      return pending.operations
    }
    var problem: JobError?
    do {
      let database = try opened()
      // A flush of the log takes with it what was written before.
      let flushes = operations.contains(where: \.flushes)
      if flushes != isFlushing {
        try database.execute("PRAGMA synchronous = \(flushes ? "FULL" : "NORMAL")")
        isFlushing = flushes
      }
      try database.run("BEGIN IMMEDIATE")
      for operation in operations { operation.perform(database) }
      do {
        try database.run("COMMIT")
      } catch {
        try? database.execute("ROLLBACK")
        throw error
      }
    } catch {
      problem = Self.jobError(error)
    }
    for operation in operations { operation.finish(problem) }
  }

  private func opened() throws -> SQLiteDatabase {
    if let database { return database }
    do {
      if path != ":memory:" {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        try? FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
      }
      let database = try SQLiteDatabase(path: path)
      // WAL: one flush a commit, which is waited for (`commit`), so that a power cut loses nothing. The
      // log is put into the file every 16 MB, because that holds up everyone.
      // EXCLUSIVE: a second process on the file is refused instead of computing the same jobs.
      try database.execute(
        """
        PRAGMA page_size = 4096; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
        PRAGMA wal_autocheckpoint = 4000; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA foreign_keys = ON;
        PRAGMA temp_store = MEMORY;
        """)
      try database.execute("BEGIN IMMEDIATE")
      try database.execute(schema)
      try recover(database)
      try database.execute("COMMIT")
      self.database = database
      isFlushing = nil
      return database
    } catch let error as SQLiteError {
      let reason =
        switch error.code {
        case SQLITE_BUSY, SQLITE_LOCKED: "another process uses it"
        case SQLITE_NOTADB, SQLITE_CORRUPT: "it is damaged or no database: move it away"
        default: error.description
        }
      throw JobError(.unavailable, "the jobs file \(path) cannot be used: \(reason)")
    }
  }

  fileprivate static func jobError(_ error: any Error) -> JobError {
    (error as? JobError) ?? JobError(.unavailable, "the jobs file does not take this now: \(error)")
  }
}

/// A part of a transaction.
private protocol SQLiteOperation: Sendable {
  var flushes: Bool { get }

  func perform(_ database: SQLiteDatabase)

  /// The transaction is on disk, or could not be had.
  func finish(_ problem: JobError?)
}

private final class Operation<Result: Sendable>: SQLiteOperation {
  let flushes: Bool
  private let body: @Sendable (SQLiteDatabase) throws -> Result
  private let continuation: CheckedContinuation<Swift.Result<Result, JobError>, Never>
  // Safe: only touched on the writer's queue.
  private nonisolated(unsafe) var outcome: Swift.Result<Result, JobError>?

  init(
    flushes: Bool, body: @escaping @Sendable (SQLiteDatabase) throws -> Result,
    continuation: CheckedContinuation<Swift.Result<Result, JobError>, Never>
  ) {
    self.flushes = flushes
    self.body = body
    self.continuation = continuation
  }

  func perform(_ database: SQLiteDatabase) {
    do {
      try database.run("SAVEPOINT operation")
      let value = try body(database)
      try database.run("RELEASE operation")
      outcome = .success(value)
    } catch {
      try? database.execute("ROLLBACK TO operation; RELEASE operation")
      outcome = .failure(SQLiteWriter.jobError(error))
    }
  }

  func finish(_ problem: JobError?) {
    let stopped = JobError(.unavailable, "the jobs file does not take this now")
    continuation.resume(returning: problem.map { .failure($0) } ?? outcome ?? .failure(stopped))
  }
}
