import ServiceLifecycle

/// Services that start and stop side by side, not one after the other.
struct Together: Service {
  let services: [any Service]

  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for service in services { group.addTask { try await service.run() } }
    }
  }
}
