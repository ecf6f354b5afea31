import NIOCore
import Synchronization

/// The bodies of pieces of jobs that are not accepted yet.
///
/// Until its job is accepted nothing is promised of a piece, so its body need not be in the file: most
/// pieces of a table are computed while the rest of it is still coming in, and never written. Those that
/// are not are written with the acceptance.
final class EarlyBodies: Sendable {
  fileprivate struct State {
    var bodies: [JobID: [Int: ByteBuffer]] = [:]
    var size = 0
  }

  private let state = Mutex(State())
  private let limit: Int

  /// Room for this many bytes.
  init(limit: Int) {
    self.limit = limit
  }

  /// Keeps the body of a piece; false when there is no room for it.
  func keep(_ body: ByteBuffer, _ number: Int, of id: JobID) -> Bool {
    state.withLock { state in
      guard state.size + body.readableBytes <= limit else { return false }
      state.remove(number, of: id)
      state.bodies[id, default: [:]][number] = body
      state.size += body.readableBytes
      return true
    }
  }

  func body(_ number: Int, of id: JobID) -> ByteBuffer? {
    state.withLock { $0.bodies[id]?[number] }
  }

  /// How many bytes of a job are kept.
  func size(of id: JobID) -> Int {
    state.withLock { $0.bodies[id]?.values.reduce(0) { $0 + $1.readableBytes } ?? 0 }
  }

  /// The piece is computed, or was not taken.
  func drop(_ number: Int, of id: JobID) {
    state.withLock { $0.remove(number, of: id) }
  }

  /// The job is accepted, or nobody wants it any more.
  func drop(_ id: JobID) {
    state.withLock { state in
      let bodies = state.bodies.removeValue(forKey: id) ?? [:]
      state.size -= bodies.values.reduce(0) { $0 + $1.readableBytes }
    }
  }
}

extension EarlyBodies.State {
  fileprivate mutating func remove(_ number: Int, of id: JobID) {
    size -= bodies[id]?.removeValue(forKey: number)?.readableBytes ?? 0
    if bodies[id]?.isEmpty == true { bodies[id] = nil }
  }
}
