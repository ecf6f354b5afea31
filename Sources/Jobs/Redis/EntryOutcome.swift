import NIOCore

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
