/// Sorts what was read from the stream: what may be computed, and what must not be.
struct Intake {
  private(set) var jobs: [Job] = []
  /// Too late: they end as `expired` and are not computed.
  private(set) var expired: [Job] = []
  /// Nobody waits for them any more: they are not computed.
  private(set) var cancelled: [Job] = []
  /// Given out too often: they end as `dead`.
  private(set) var exhausted: [Job] = []
  /// Not jobs: they are set aside.
  private(set) var damaged: [(entry: JobEntry, damage: JobEntry.Damage)] = []
  /// Where all but the damaged stand, and until when somebody waits there.
  private(set) var places: [(place: JobPlace, deadline: Deadline)] = []

  init(
    _ entries: [JobEntry], maximumAttempts: Int, now: Deadline, clockOffset: Int64 = 0
  ) {
    for entry in entries {
      do throws(JobEntry.Damage) {
        let all = try entry.jobs(clockOffset: clockOffset)
        places.append((entry.place, all.map(\.deadline).max() ?? now))
        for (position, job) in all.enumerated() {
          if entry.isHungUp(position) {
            cancelled.append(job)
          } else if job.deadline <= now {
            expired.append(job)
          } else if job.attempt > maximumAttempts {
            exhausted.append(job)
          } else {
            jobs.append(job)
          }
        }
      } catch {
        damaged.append((entry, error))
      }
    }
  }
}
