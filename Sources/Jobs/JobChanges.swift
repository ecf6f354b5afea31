import Synchronization

/// Who wants to know when which job changes, within this process.
final class JobChanges: Sendable {
  private struct State {
    var watchers: [JobID: [Int: AsyncStream<Void>.Continuation]] = [:]
    var count = 0
    var isStopped = false
  }

  private let state = Mutex(State())

  /// Yields at the first look and whenever the job may have changed; signals that nobody has taken
  /// yet become one.
  func stream(of id: JobID) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number: Int? = state.withLock { state in
      guard !state.isStopped else { return nil }
      state.count += 1
      state.watchers[id, default: [:]][state.count] = continuation
      return state.count
    }
    continuation.yield()
    guard let number else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in self?.remove(id, number) }
    return stream
  }

  /// The job may have changed.
  func signal(_ id: JobID) {
    let watchers = state.withLock { $0.watchers[id].map { Array($0.values) } ?? [] }
    for watcher in watchers { watcher.yield() }
  }

  /// Any job may have changed.
  func signalAll() {
    for id in state.withLock({ Array($0.watchers.keys) }) { signal(id) }
  }

  /// Nothing changes any more.
  func stop() {
    let watchers = state.withLock { state in
      state.isStopped = true
      defer { state.watchers = [:] }
      return state.watchers.values.flatMap(\.values)
    }
    for watcher in watchers { watcher.finish() }
  }

  private func remove(_ id: JobID, _ number: Int) {
    state.withLock { state in
      state.watchers[id]?[number] = nil
      if state.watchers[id]?.isEmpty == true { state.watchers[id] = nil }
    }
  }
}
