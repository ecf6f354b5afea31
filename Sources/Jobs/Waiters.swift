/// Who waits for which job, and until when.
///
/// ```
/// waiting ── remove (reply, refusal, cancellation) ──▶ gone
///    └── deadline ──▶ overdue ── remove (last look) ──▶ gone
/// ```
struct Waiters<Waiter> {
  private struct Entry {
    let waiter: Waiter
    let deadline: Deadline
    var bundle: BundlePlace?
    var isOverdue = false
  }

  private var entries: [JobID: Entry] = [:]
  /// The jobs of each bundle that somebody waits for, at their positions.
  private var bundles: [JobID: [JobID?]] = [:]
  /// No deadline of a waiting entry is earlier; spares looking at all of them every time.
  private var earliest: Deadline?

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  /// Whether somebody waits for the job.
  func contains(_ id: JobID) -> Bool { entries[id] != nil }

  /// All jobs that someone waits for.
  var ids: [JobID] { Array(entries.keys) }

  mutating func add(_ id: JobID, _ waiter: Waiter, deadline: Deadline) {
    entries[id] = Entry(waiter: waiter, deadline: deadline)
    earliest = earliest.map { min($0, deadline) } ?? deadline
  }

  /// Takes the waiter out, to be answered, with what its job stands in; `nil` when that has happened.
  mutating func remove(_ id: JobID) -> (waiter: Waiter, bundle: BundlePlace?)? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    if let bundle = entry.bundle {
      bundles[bundle.id]?[bundle.position] = nil
      if bundles[bundle.id]?.allSatisfy({ $0 == nil }) == true { bundles[bundle.id] = nil }
    }
    return (entry.waiter, entry.bundle)
  }

  /// Notes that these jobs go together under a name of its own.
  mutating func bundle(_ ids: [JobID], as bundle: JobID) {
    bundles[bundle] = ids.map { entries[$0] == nil ? nil : $0 }
    for (position, id) in ids.enumerated() {
      entries[id]?.bundle = BundlePlace(id: bundle, count: ids.count, position: position)
    }
  }

  /// How many jobs an entry of the stream has, whether somebody waits for them or not.
  func size(ofEntry id: JobID) -> Int { bundles[id]?.count ?? 1 }

  /// Takes out who waits for the jobs of an entry of the stream, at their positions.
  mutating func remove(entry id: JobID) -> [Waiter?] {
    (bundles.removeValue(forKey: id) ?? [id]).map { job in
      job.flatMap { entries.removeValue(forKey: $0)?.waiter }
    }
  }

  /// The names under which the outcomes of jobs can be stored: their own, and those of bundles.
  func names(of ids: [JobID]) -> [JobID] {
    ids + Set(ids.compactMap { entries[$0]?.bundle?.id })
  }

  /// The jobs whose deadline has passed since the last time.
  mutating func overdue(now: Deadline) -> [JobID] {
    guard let earliest, earliest <= now else { return [] }
    self.earliest = nil
    var overdue: [JobID] = []
    for (id, entry) in entries where !entry.isOverdue {
      if entry.deadline <= now {
        overdue.append(id)
      } else {
        self.earliest = self.earliest.map { min($0, entry.deadline) } ?? entry.deadline
      }
    }
    for id in overdue { entries[id]?.isOverdue = true }
    return overdue
  }
}
