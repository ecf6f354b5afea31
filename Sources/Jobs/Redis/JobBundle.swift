import NIOCore

/// Small jobs of one server that stand in the stream as one entry, because they were handed in at the
/// same time: what Redis does for an entry, it does once for all of them.
///
/// As bytes, with integers big-endian, for each job: its id (16 bytes), its deadline (8 bytes, Unix ms
/// by Redis's clock), the length of its payload (4 bytes) and the payload.
struct JobBundle {
  /// One job of a bundle.
  struct Part: Equatable {
    let id: JobID
    /// Unix milliseconds by Redis's clock.
    let deadline: Int64
    let payload: ByteBuffer
  }

  /// No bundle has more jobs.
  static let maximumCount = 16
  /// Jobs with larger payloads gain nothing.
  static let maximumPayloadSize = 4096
  /// So many workers can share what waits: no bundle is a larger part of it.
  static let share = 8

  var parts: [Part]

  init(_ parts: [Part]) {
    self.parts = parts
  }

  /// Reads what ``bytes`` writes; nil when it is anything else.
  init?(_ bytes: ByteBuffer) {
    var bytes = bytes
    parts = []
    while bytes.readableBytes > 0 {
      guard parts.count < Self.maximumCount, let id = JobID(from: &bytes),
        let deadline = bytes.readInteger(as: Int64.self),
        let payload = bytes.readLengthPrefixedSlice(as: UInt32.self)
      else { return nil }
      parts.append(Part(id: id, deadline: deadline, payload: payload))
    }
    guard parts.count > 1 else { return nil }
  }

  var bytes: ByteBuffer {
    var bytes = ByteBuffer()
    bytes.reserveCapacity(parts.reduce(0) { $0 + 28 + $1.payload.readableBytes })
    for part in parts {
      part.id.write(to: &bytes)
      bytes.writeInteger(part.deadline)
      bytes.writeInteger(UInt32(part.payload.readableBytes))
      bytes.writeImmutableBuffer(part.payload)
    }
    return bytes
  }
}

/// How the jobs of an entry of the stream ended, in the order in which they stand in it.
struct EntryOutcome {
  private static let bundle = UInt8(ascii: "b")

  /// One for a job alone.
  let outcomes: [JobOutcome]

  init(_ outcomes: [JobOutcome]) {
    self.outcomes = outcomes
  }

  /// Reads the stored form; anything else is `nil`.
  init?(stored: ByteBuffer) {
    guard stored.getInteger(at: stored.readerIndex) == Self.bundle else {
      guard let outcome = JobOutcome(stored: stored) else { return nil }
      outcomes = [outcome]
      return
    }
    var bytes = stored
    bytes.moveReaderIndex(forwardBy: 1)
    var outcomes: [JobOutcome] = []
    while bytes.readableBytes > 0 {
      guard let stored = bytes.readLengthPrefixedSlice(as: UInt32.self),
        let outcome = JobOutcome(stored: stored)
      else { return nil }
      outcomes.append(outcome)
    }
    self.outcomes = outcomes
  }

  /// The stored form: that of the job alone, `e` where all expired, or `b` and each one's length (4
  /// bytes) and stored form.
  var stored: ByteBuffer {
    if outcomes.count == 1 || outcomes.allSatisfy({ $0 == .expired }) { return outcomes[0].stored }
    var bytes = ByteBuffer()
    bytes.reserveCapacity(64 * outcomes.count)
    bytes.writeInteger(Self.bundle)
    for outcome in outcomes {
      let length = bytes.writerIndex
      bytes.writeInteger(UInt32(0))
      outcome.write(to: &bytes)
      bytes.setInteger(UInt32(bytes.writerIndex - length - 4), at: length)
    }
    return bytes
  }
}
