package import NIOCore

/// Runs tasks on an event loop: those that mostly wait are spared the way through other threads.
package final class LoopExecutor: TaskExecutor {
  private let eventLoop: any EventLoop

  package init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Begins a task at once, which must be on the event loop, and goes on with it there.
  package func begin(
    _ work: @escaping @concurrent @Sendable () async -> Void
  ) -> Task<Void, Never> {
    eventLoop.preconditionInEventLoop()
    guard #available(macOS 26, *) else { return Task(executorPreference: self, operation: work) }
    return Task.immediate(executorPreference: self, operation: work)
  }
}
