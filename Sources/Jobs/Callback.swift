import Synchronization

/// Waits for what calls back once, and takes it back when the task is cancelled.
///
/// - Parameter begin: begins, and returns what takes it back; even then it calls back.
package func withCallback<Answer: Sendable>(
  _ begin: (@escaping @Sendable (Answer) -> Void) -> @Sendable () -> Void
) async -> Answer {
  let begun = Mutex<(isCancelled: Bool, cancel: (@Sendable () -> Void)?)>((false, nil))
  return await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      let cancel = begin { continuation.resume(returning: $0) }
      // The handler below may have run before there was anything to take back.
      let isCancelled = begun.withLock { begun in
        begun.cancel = cancel
        return begun.isCancelled
      }
      if isCancelled { cancel() }
    }
  } onCancel: {
    let cancel = begun.withLock { begun in
      begun.isCancelled = true
      return begun.cancel
    }
    cancel?()
  }
}
