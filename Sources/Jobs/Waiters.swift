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
    var isOverdue = false
  }

  private var entries: [JobID: Entry] = [:]
  /// No deadline of a waiting entry is earlier; spares looking at all of them every time.
  private var earliest: Deadline?

  var isEmpty: Bool { entries.isEmpty }

  /// All jobs that someone waits for.
  var ids: [JobID] { Array(entries.keys) }

  mutating func add(_ id: JobID, _ waiter: Waiter, deadline: Deadline) {
    entries[id] = Entry(waiter: waiter, deadline: deadline)
    earliest = earliest.map { min($0, deadline) } ?? deadline
  }

  /// Takes the waiter out, to be answered; `nil` when that has happened.
  mutating func remove(_ id: JobID) -> Waiter? { entries.removeValue(forKey: id)?.waiter }

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
