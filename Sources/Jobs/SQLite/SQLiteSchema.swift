/// The tables of a jobs file.
enum SQLiteSchema {
  /// Makes them if they are not there.
  ///
  /// Times are Unix ms. Priorities are numbers, the most urgent first. A piece waits (0), is taken (1)
  /// or done (2). Its body stands apart, because SQLite writes a row anew whenever a part of it changes.
  static let text = """
    CREATE TABLE IF NOT EXISTS job (
      id TEXT PRIMARY KEY, state TEXT NOT NULL, priority INTEGER NOT NULL, tenant TEXT NOT NULL,
      context TEXT NOT NULL, webhook TEXT NOT NULL, created INTEGER NOT NULL, started INTEGER,
      finished INTEGER, deadline INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
      message TEXT NOT NULL DEFAULT '', sealed INTEGER NOT NULL, pieces INTEGER NOT NULL DEFAULT 0,
      done INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0,
      done_rows INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1,
      webhook_due INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS job_by_state ON job (state, created, id);
    CREATE INDEX IF NOT EXISTS job_by_tenant ON job (tenant) WHERE finished IS NULL;
    CREATE INDEX IF NOT EXISTS job_by_deadline ON job (deadline) WHERE finished IS NULL;
    CREATE INDEX IF NOT EXISTS job_by_end ON job (finished) WHERE finished IS NOT NULL;
    CREATE INDEX IF NOT EXISTS job_by_webhook ON job (webhook_due) WHERE webhook_due IS NOT NULL;
    CREATE TABLE IF NOT EXISTS piece (
      place INTEGER PRIMARY KEY AUTOINCREMENT,
      job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE, number INTEGER NOT NULL,
      priority INTEGER NOT NULL, taken INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL, answer BLOB,
      UNIQUE (job, number)
    );
    CREATE TABLE IF NOT EXISTS body (
      place INTEGER PRIMARY KEY REFERENCES piece (place) ON DELETE CASCADE, bytes BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS piece_waiting ON piece (priority, number, place) WHERE taken = 0;
    CREATE TABLE IF NOT EXISTS idempotency (
      tenant TEXT NOT NULL, key TEXT NOT NULL, hash TEXT NOT NULL, job TEXT NOT NULL,
      expires INTEGER NOT NULL, PRIMARY KEY (tenant, key)
    ) WITHOUT ROWID;
    """
}
