public import NIOCore

/// How a job ended. Every accepted job ends in exactly one of these.
public enum JobOutcome: Sendable, Equatable {
  /// A worker computed the answer.
  case done(ByteBuffer)
  /// A worker could not compute it, and why.
  case failed(String)
  /// The deadline passed before a worker came to it; it was not computed.
  case expired
  /// Its owner does not want it any more.
  case cancelled
  /// It was taken several times and never finished, or its entry was damaged; why it was set aside.
  case dead(String)
}

extension JobOutcome {
  /// The state that the job ends in.
  public var state: JobState {
    switch self {
    case .done: .done
    case .failed: .failed
    case .expired: .expired
    case .cancelled: .cancelled
    case .dead: .dead
    }
  }

  /// Why, where there is a reason.
  var message: String {
    switch self {
    case .failed(let message), .dead(let message): message
    case .done, .expired, .cancelled: ""
    }
  }

  /// The answer, or the error that its waiter gets.
  var answer: Result<ByteBuffer, JobError> {
    switch self {
    case .done(let bytes): .success(bytes)
    case .failed(let message), .dead(let message): .failure(JobError(.failed, message))
    case .expired:
      .failure(JobError(.expired, "the deadline passed before a worker came to the job"))
    case .cancelled: .failure(JobError(.cancelled, "the job was cancelled"))
    }
  }

  /// The stored form: one letter, then the answer or the message.
  var stored: ByteBuffer {
    var bytes = ByteBuffer()
    if case .done(let answer) = self { bytes.reserveCapacity(answer.readableBytes + 1) }
    write(to: &bytes)
    return bytes
  }

  /// Writes the stored form.
  func write(to bytes: inout ByteBuffer) {
    switch self {
    case .done(let answer):
      bytes.writeStaticString("d")
      bytes.writeImmutableBuffer(answer)
    case .failed(let message): bytes.writeString("f" + message)
    case .expired: bytes.writeStaticString("e")
    case .cancelled: bytes.writeStaticString("c")
    case .dead(let message): bytes.writeString("x" + message)
    }
  }

  /// Reads the stored form; anything else is `nil`.
  init?(stored: ByteBuffer) {
    var bytes = stored
    switch bytes.readInteger(as: UInt8.self) {
    case UInt8(ascii: "d"): self = .done(bytes.slice())
    case UInt8(ascii: "f"): self = .failed(String(buffer: bytes))
    case UInt8(ascii: "e"): self = .expired
    case UInt8(ascii: "c"): self = .cancelled
    case UInt8(ascii: "x"): self = .dead(String(buffer: bytes))
    default: return nil
    }
  }
}
