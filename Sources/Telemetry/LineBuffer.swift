import Dispatch
import Synchronization

/// Gives lines on together, in their order: one write for each costs more than to make it.
///
/// A line waits for others at most ``delay``. What is still there when the process ends is given on by ``flush()``.
public final class LineBuffer: Sendable {
  /// How long a line waits.
  static let delay = DispatchTimeInterval.milliseconds(5)
  /// What POSIX lets pipes take as a whole (`PIPE_BUF`), so that processes that share one do not mix their lines.
  static let capacity = 4096

  private let write: @Sendable (String) -> Void
  private let waiting = Mutex("")
  private let isTimed = Atomic(false)
  /// Held while lines are given on, so that later ones do not pass them.
  private let order = Mutex(())
  private let queue = DispatchQueue(label: "log")

  /// A buffer that gives whole lines to `write`, several as one text.
  public init(write: @escaping @Sendable (String) -> Void) {
    self.write = write
  }

  /// Adds a line, with its newline.
  ///
  /// - Parameter isUrgent: whether it is given on before this returns.
  public func append(_ line: String, isUrgent: Bool = false) {
    while !add(line) { flush() }
    if isUrgent {
      flush()
    } else if !isTimed.exchange(true, ordering: .relaxed) {
      queue.asyncAfter(deadline: .now() + Self.delay) {
        self.isTimed.store(false, ordering: .relaxed)
        self.flush()
      }
    }
  }

  /// Whether there was room for it.
  private func add(_ line: String) -> Bool {
    waiting.withLock { text in
      guard text.isEmpty || text.utf8.count + line.utf8.count <= Self.capacity else { return false }
      text += line
      return true
    }
  }

  /// Gives on what waits.
  public func flush() {
    order.withLock { _ in
      let text = waiting.withLock { exchange(&$0, with: "") }
      if !text.isEmpty { write(text) }
    }
  }
}
