extension DurableJobQueue {
  /// Waits for the end of a job.
  ///
  /// - Returns: its record as it was last seen: not ended when the time was up, the task was cancelled or
  ///   the queue stopped; nil when it cannot be seen.
  public func end(of id: JobID, by deadline: Deadline) async -> JobRecord? {
    await withTaskGroup(of: JobRecord?.self) { group in
      group.addTask {
        var last: JobRecord?
        for await _ in changes(of: id) {
          last = try? await record(of: id)
          if last?.state.isFinal ?? true { return last }
        }
        return last
      }
      group.addTask {
        // Nobody tells that the job's own deadline has passed: that is seen by looking.
        let own = try? await record(of: id).deadline
        let limit = own.map { min($0, deadline) } ?? deadline
        try? await Task.sleep(for: limit.remaining + .milliseconds(2))
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      if let first { return first }
      return try? await record(of: id)
    }
  }
}
