import ServiceLifecycle
import Synchronization

/// Wakes those who wait for work.
final class Arrivals: Sendable {
  private struct State {
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var count = 0
    /// Grows with every signal, so that none between a look and a wait is missed.
    var generation = 0
  }

  private let state = Mutex(State())

  var generation: Int { state.withLock { $0.generation } }

  /// There is work; everyone looks.
  func signal() {
    let waiters = state.withLock { state in
      state.generation += 1
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Waits for a signal after the one that `generation` counted, or for the task's end.
  func wait(after generation: Int) async {
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    await withTaskCancellationOrGracefulShutdownHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.generation != generation || Task.isCancelled || Task.isShuttingDownGracefully {
            return true
          }
          state.waiters[number] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancelOrGracefulShutdown: { [self] in
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }
}
