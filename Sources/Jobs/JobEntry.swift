import NIOCore
import Redis

/// What stands in the stream for a job: its fields as Redis gives them, not trusted yet.
struct JobEntry {
  /// Its place in the stream, `milliseconds-number`.
  let entry: String
  let attempt: Int
  private let fields: RESPValue

  /// Reads `[entry, [field, value, …]]`; `nil` when it is not even that.
  init?(_ value: RESPValue, attempt: Int) {
    guard let parts = value.elements, parts.count == 2, let entry = parts[0].text else {
      return nil
    }
    self.init(entry: entry, fields: parts[1], attempt: attempt)
  }

  init(entry: String, fields: RESPValue, attempt: Int) {
    self.entry = entry
    self.fields = fields
    self.attempt = attempt
  }

  /// The entries that `XREADGROUP` answered for one stream.
  static func list(_ reply: RESPValue) -> [JobEntry] {
    guard let streams = reply.elements, streams.count == 2 else { return [] }
    return (streams[1].elements ?? []).compactMap { JobEntry($0, attempt: 1) }
  }

  /// The job's name, if that is legible.
  var id: JobID? { fields["i"]?.text.flatMap { JobID($0) } }

  /// The server that waits, if that is legible.
  var replyTo: String? {
    guard let text = fields["r"]?.text, ServerID.isValid(text) else { return nil }
    return text
  }

  /// The milliseconds since 1970 at which Redis took the job in.
  var enqueued: Int64? { entry.split(separator: "-").first.flatMap { Int64($0) } }

  /// The job, or what is wrong with the entry.
  func job() throws(Damage) -> Job {
    guard let id else { throw Damage("the field i is no job id") }
    guard let payload = fields["p"]?.bytes else { throw Damage("the field p is missing") }
    guard let deadline = fields["d"]?.integer else {
      throw Damage("the field d is no time in milliseconds")
    }
    guard let replyTo else { throw Damage("the field r names no server") }
    return Job(
      id: id, payload: payload, deadline: Deadline(unixMilliseconds: Int64(deadline)),
      attempt: attempt, entry: entry, replyTo: replyTo)
  }

  /// Why an entry is no job.
  struct Damage: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
      self.description = description
    }
  }
}

/// Names a server process, in the key of its replies.
enum ServerID {
  static func random(using random: inout some RandomNumberGenerator) -> String {
    String(JobID(using: &random).description.prefix(16))
  }

  /// The name becomes a part of a key, so nothing else is let in.
  static func isValid(_ text: String) -> Bool {
    1...64 ~= text.utf8.count
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
      }
  }
}
