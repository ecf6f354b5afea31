import JSON
import Jobs
import Serving

/// What is told of a job, as JSON: by the routes, in events and to webhooks.
struct JobStatus {
  let record: JobRecord

  init(_ record: JobRecord) {
    self.record = record
  }

  var json: String {
    var members = [
      "\"id\":\"\(record.id)\"", "\"status\":\"\(record.state.rawValue)\"",
      "\"priority\":\"\(record.priority.rawValue)\"",
    ]
    if let context = JobContext(record.context) {
      members.append("\"model\":\(context.model.name.jsonQuoted)")
      members.append("\"version\":\(context.model.version.jsonQuoted)")
    }
    members.append(
      "\"progress\":{\"rows\":\(record.rows),\"done\":\(record.doneRows),"
        + "\"pieces\":\(record.pieces),\"done_pieces\":\(record.donePieces)}")
    members.append("\"attempts\":\(record.attempts)")
    members.append("\"created_at\":\"\(record.created.iso8601)\"")
    if let started = record.started { members.append("\"started_at\":\"\(started.iso8601)\"") }
    if let finished = record.finished { members.append("\"finished_at\":\"\(finished.iso8601)\"") }
    members.append("\"deadline\":\"\(record.deadline.iso8601)\"")
    if !record.message.isEmpty { members.append("\"error\":\(record.message.jsonQuoted)") }
    if record.state == .done {
      members.append("\"result\":\"\(JobService.path)/\(record.id)/result\"")
    }
    return "{" + members.joined(separator: ",") + "}"
  }
}

extension Deadline {
  /// The time in UTC, such as `2026-11-24T13:45:00.250Z` (RFC 3339).
  ///
  /// Days to dates as in H. Hinnant, "chrono-compatible low-level date algorithms".
  var iso8601: String {
    func pad(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let milliseconds = max(0, min(unixMilliseconds, 253_402_300_799_999))
    let (days, time) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(time / 3_600_000, 2)):"
      + "\(pad(time / 60_000 % 60, 2)):\(pad(time / 1000 % 60, 2)).\(pad(time % 1000, 3))Z"
  }
}
