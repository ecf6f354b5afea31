import GRPCCore

/// Does work in a task that is cancelled when the call is: its client hung up, its time is over, or
/// the server stops.
func untilCancelled<Result: Sendable>(
  _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  let task = Task { try await work() }
  return try await withRPCCancellationHandler {
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  } onCancelRPC: {
    task.cancel()
  }
}

extension Health {
  /// Does work that a stop of the server does not cancel any more, once it has begun.
  func finishing<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let task = Task { try await work() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      if !isStopping { task.cancel() }
    }
  }
}
