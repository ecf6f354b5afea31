import NIOCore
import Redis

/// What stands in the stream for a job: its fields as Redis gives them, not trusted yet.
struct JobEntry {
  /// The stream, and the place in it as `milliseconds-number`.
  let place: JobPlace
  /// How many times its jobs were given to a worker, in this entry and before.
  let attempt: Int
  /// The job's name, if that is legible.
  private(set) var id: JobID?
  /// The server that waits, if that is legible.
  private(set) var replyTo: String?
  /// The number of the piece, if it is one of a durable job.
  private(set) var piece: Int?
  /// What is to be done. That of a piece does not stand in the stream.
  var payload: ByteBuffer?
  /// Unix milliseconds by Redis's clock.
  private var deadline: Int?
  /// How many jobs it says it stands for, if it is a bundle.
  private var count: Int?
  /// A bit for each job of a bundle whose caller hung up before the entry was read.
  private var hangUps: ByteBuffer?

  /// - Parameter deliveries: how many times it was given out, as Redis counts.
  init(place: JobPlace, fields: RESPValue, attempt deliveries: Int) {
    self.place = place
    var payload: ByteBuffer?
    var attempts = 0
    let fields = fields.elements ?? []
    for index in stride(from: 0, to: fields.count - 1, by: 2) {
      guard let name = fields[index].bytes, name.readableBytes == 1 else { continue }
      let value = fields[index + 1]
      switch name.getInteger(at: name.readerIndex, as: UInt8.self) {
      case UInt8(ascii: "i"): id = value.text.flatMap { JobID($0) }
      case UInt8(ascii: "p"): payload = value.bytes
      case UInt8(ascii: "d"): deadline = value.integer
      case UInt8(ascii: "r"): replyTo = value.text.flatMap { ServerID.isValid($0) ? $0 : nil }
      case UInt8(ascii: "k"): count = value.integer ?? 0
      case UInt8(ascii: "n"): piece = value.integer
      case UInt8(ascii: "a"): attempts = max(0, min(value.integer ?? 0, 1 << 20))
      case UInt8(ascii: "h"): hangUps = value.bytes
      default: break
      }
    }
    attempt = deliveries + attempts
    if piece == nil { self.payload = payload }
  }

  /// Reads a list of `[entry, [field, value, …]]`.
  static func list(_ entries: RESPValue, priority: JobPriority) -> [JobEntry] {
    (entries.elements ?? []).compactMap { value in
      guard let parts = value.elements, parts.count == 2, let entry = parts[0].text else {
        return nil
      }
      return JobEntry(
        place: JobPlace(priority: priority, entry: entry), fields: parts[1], attempt: 1)
    }
  }

  /// Whether it stands for several jobs.
  var isBundle: Bool { count != nil }

  /// The milliseconds since 1970 at which Redis took the job in.
  var enqueued: Int64? { place.entry.split(separator: "-").first.flatMap { Int64($0) } }

  /// The jobs, or what is wrong with the entry.
  ///
  /// - Parameter clockOffset: how many milliseconds Redis's clock is ahead of this machine's.
  func jobs(clockOffset: Int64) throws(Damage) -> [Job] {
    guard let id else { throw Damage("the field i is no job id") }
    guard let deadline else { throw Damage("the field d is no time in milliseconds") }
    guard let payload else {
      throw Damage(
        piece == nil ? "the field p is missing" : "the payload of the piece is gone")
    }
    guard piece != nil || replyTo != nil else { throw Damage("the field r names no server") }
    let replyTo = piece == nil ? replyTo ?? "" : ""
    func time(_ milliseconds: Int64) throws(Damage) -> Deadline {
      let time = milliseconds.subtractingReportingOverflow(clockOffset)
      guard !time.overflow else { throw Damage("a deadline is no time in milliseconds") }
      return Deadline(unixMilliseconds: time.partialValue)
    }
    guard isBundle else {
      return [
        Job(
          id: id, payload: payload, deadline: try time(Int64(deadline)), attempt: attempt,
          piece: piece, place: place, replyTo: replyTo)
      ]
    }
    let parts = try bundle().parts
    var jobs: [Job] = []
    for (position, part) in parts.enumerated() {
      jobs.append(
        Job(
          id: part.id, payload: part.payload, deadline: try time(part.deadline), attempt: attempt,
          piece: nil, place: place, replyTo: replyTo,
          bundle: BundlePlace(id: id, count: parts.count, position: position)))
    }
    return jobs
  }

  /// The bundle that it stands for, if it does.
  func bundle() throws(Damage) -> JobBundle {
    guard let payload, let bundle = JobBundle(payload), count == bundle.parts.count else {
      throw Damage("the field p is no bundle of as many jobs as k says")
    }
    return bundle
  }

  /// Whether the caller of this job of the bundle hung up before the entry was read.
  func isHungUp(_ position: Int) -> Bool {
    guard let hangUps,
      let byte = hangUps.getInteger(at: hangUps.readerIndex + position / 8, as: UInt8.self)
    else { return false }
    return byte & 0x80 >> UInt8(position % 8) != 0
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
