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
  /// How long a bundle that is not full waits for more jobs.
  static let moment = Duration.milliseconds(1)

  /// How many jobs go together where so many wait: never more than a quarter, so that the server, Redis
  /// and several workers have something to do at the same time.
  static func limit(waiting: Int) -> Int {
    waiting < 16 ? 1 : min(maximumCount, waiting / 4)
  }

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
